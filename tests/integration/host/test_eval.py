"""`runtime.eval`: values, module semantics, errors that point at what the user wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import isolatejs
from isolatejs import GuestError


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("const a = 3; a * 2", 6),
        ("let x = 1; if (x) { x + 4 } else { 0 }", 5),
        ("export default 7", 7),
        ("export default 7; 'last'", "last"),
        ("const nothing = 1;", None),
        ("undefined", None),
        ("null", None),
        ("await Promise.resolve(5)", 5),
        ("Promise.resolve(6)", 6),
        ("const n: number = 3; n", 3),
        ("enum Color { Red = 2 }; Color.Red", 2),
        ("class P { constructor(private x: number) {} get() { return this.x } } new P(4).get()", 4),
        ("[1, 'a', null, true, {b: [2.5]}]", [1, "a", None, True, {"b": [2.5]}]),
        ("typeof this", "undefined"),
        ("(function () { return this === undefined })()", True),
        ("import('node:path').then((path) => path.join('a', 'b'))", "a/b"),
        ("import { join } from 'node:path'; join('/x', 'y')", "/x/y"),
        ("import.meta.url", "file:///index.js"),
        ("", None),
    ],
)
async def test_value_of_a_program(runtime: isolatejs.ScriptRuntime, code: str, value: object) -> None:
    assert await runtime.eval(code) == value


async def test_globals_last_and_declarations_do_not(runtime: isolatejs.ScriptRuntime) -> None:
    await runtime.eval("var local = 1; let also = 2; globalThis.kept = 3;")
    assert await runtime.eval("[typeof local, typeof also, kept]") == ["undefined", "undefined", 3]


async def test_evals_overlap(runtime: isolatejs.ScriptRuntime) -> None:
    waiting = asyncio.create_task(runtime.eval("await new Promise((resolve) => globalThis.go = resolve)"))
    while not await runtime.eval("typeof go === 'function'"):  # noqa: ASYNC110  (the program is asked)
        await asyncio.sleep(0)
    await runtime.eval("go('went')")
    assert await waiting == "went"


@pytest.mark.parametrize(
    ("code", "name", "message", "line", "column", "source_line"),
    [
        ("\n\nthrow new TypeError('no')", "TypeError", "no", 3, 7, "throw new TypeError('no')"),
        ("const a = 1;\nfoo bar", "SyntaxError", "Expected ';', '}' or <eof>", 2, 5, "foo bar"),
        (
            "interface A { x: number }\nconst f = (a: A): number => { throw new RangeError('deep') }\nf({ x: 1 })",
            "RangeError",
            "deep",
            2,
            37,
            "const f = (a: A): number => { throw new RangeError('deep') }",
        ),
        ("await null;\nmissing.call()", "ReferenceError", "missing is not defined", 2, 1, "missing.call()"),
        (
            "enum E { A }\nthrow new Error('after enum')",
            "Error",
            "after enum",
            2,
            7,
            "throw new Error('after enum')",
        ),
    ],
)
async def test_errors_point_at_the_users_text(
    runtime: isolatejs.ScriptRuntime,
    code: str,
    name: str,
    message: str,
    line: int,
    column: int,
    source_line: str,
) -> None:
    with pytest.raises(GuestError) as caught:
        await runtime.eval(code, filename="/app/main.ts")
    error = caught.value
    assert (error.name, error.message) == (name, message)
    assert (error.filename, error.line, error.column) == ("/app/main.ts", line, column)
    assert error.source_line == source_line
    assert f"/app/main.ts:{line}:{column}" in error.stack


async def test_stacks_hold_no_frame_but_the_programs(runtime: isolatejs.ScriptRuntime) -> None:
    with pytest.raises(GuestError) as caught:
        await runtime.eval("async function f() { await null; throw new Error('x') }\nawait f()")
    frames = caught.value.stack.splitlines()[1:]
    assert frames
    assert all("/index.js:" in frame for frame in frames)


async def test_error_details_cross(runtime: isolatejs.ScriptRuntime) -> None:
    with pytest.raises(GuestError) as caught:
        await runtime.eval(
            "throw Object.assign(new Error('outer', {cause: new TypeError('inner')}), {code: 'E1', extra: {a: 1}})"
        )
    error = caught.value
    assert isinstance(error.cause, GuestError)
    assert error.__cause__ is error.cause
    assert (error.cause.name, error.cause.message) == ("TypeError", "inner")
    assert error.properties == {"code": "E1", "extra": {"a": 1}}


@pytest.mark.parametrize(
    ("thrown", "value"), [("'text'", "text"), ("42", 42), ("null", None), ("({a: 1})", {"a": 1})]
)
async def test_thrown_values_that_are_no_errors(
    runtime: isolatejs.ScriptRuntime, thrown: str, value: object
) -> None:
    with pytest.raises(GuestError) as caught:
        await runtime.eval(f"throw {thrown}")
    assert caught.value.value == value


async def test_unhandled_rejection_fails_its_program_only(runtime: isolatejs.ScriptRuntime) -> None:
    other = asyncio.create_task(
        runtime.eval("await new Promise((resolve) => setTimeout(resolve, 50)); 'fine'")
    )
    with pytest.raises(GuestError, match="nobody caught me"):
        await runtime.eval("Promise.reject(new Error('nobody caught me')); 1")
    assert await other == "fine"
    assert await runtime.eval("Promise.reject(new Error('caught')).catch(() => 'ok')") == "ok"


async def test_error_after_the_program_is_reported(runtime: isolatejs.ScriptRuntime) -> None:
    await runtime.eval("setTimeout(() => { throw new Error('late one') }, 0)")
    await runtime.eval("await new Promise((resolve) => setTimeout(resolve, 20))")
    assert "late one" in (await runtime.diagnostics())["last_error"]


async def test_timers_are_never_lost(runtime: isolatejs.ScriptRuntime) -> None:
    code = "const all = []; for (let i = 0; i < 500; i++) all.push(new Promise((r) => setTimeout(() => r(i), i % 7)));"
    assert await runtime.eval(f"{code} (await Promise.all(all)).reduce((a, b) => a + b)") == sum(range(500))


@pytest.mark.parametrize(
    "name", ["Deno", "Worker", "localStorage", "caches", "close", "alert", "GPU", "__dirname"]
)
async def test_engine_globals_are_gone(runtime: isolatejs.ScriptRuntime, name: str) -> None:
    assert await runtime.eval(f"typeof {name}") == "undefined"


@pytest.mark.parametrize(
    "name",
    [
        "URL", "TextEncoder", "Blob", "File", "structuredClone", "AbortController", "ReadableStream", "Headers",
        "FormData", "Request", "Response", "fetch", "atob", "crypto", "setTimeout", "queueMicrotask", "performance",
        "setImmediate", "URLPattern", "CompressionStream", "MessageChannel", "WebAssembly", "AsyncContext", "on", "emit",
    ],
)  # fmt: skip
async def test_web_globals_are_there(runtime: isolatejs.ScriptRuntime, name: str) -> None:
    assert await runtime.eval(f"typeof {name}") != "undefined"


async def test_bad_arguments_are_named(runtime: isolatejs.ScriptRuntime) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="code must be a str"):
        await runtime.eval(5)  # type: ignore[arg-type]
    with pytest.raises(isolatejs.ConfigurationError, match="filename"):
        await runtime.eval("1", filename="")
    with pytest.raises(isolatejs.ConfigurationError, match="execution_timeout_ms"):
        await runtime.eval("1", execution_timeout_ms=-5)


async def test_unknown_binding_names_the_nearest(host: isolatejs.IsolateHost) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="did you mean 'tools'"):
        await host.create_runtime(bindings={"tolls": {}})


async def test_lone_surrogates_in_programs_and_their_names(runtime: isolatejs.ScriptRuntime) -> None:
    assert await runtime.eval("'\ud800'", "/\udfff.js") == "\ufffd"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"signal": "x"}, "signal: an isolatejs.AbortSignal, not str"),
        ({"execution_timeout_ms": 10**400}, "execution_timeout_ms: a positive number"),
        ({"execution_timeout_ms": float("inf")}, "execution_timeout_ms: a positive number"),
        ({"filename": ""}, "filename"),
    ],
)
async def test_wrong_options_are_named(
    runtime: isolatejs.ScriptRuntime, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match=said):
        await runtime.eval("1", **options)
    assert await runtime.eval("1") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": 3}, "key: a str, not int"),
        ({"cwd": "/a\0b"}, "cwd: an absolute path"),
        ({"bindings": {"tools": [len]}}, "bindings.tools: a dict of callables, not list"),
        ({"bindings": {"tools": {5: len}}}, "bindings.tools: 5 is no name"),
        ({"bindings": {"tools": {"group": {5: len}}}}, "bindings.tools.group: 5 is no name"),
        ({"bindings": {"tools": {"class": len}}}, "bindings.tools: 'class' is no name"),
    ],
)
async def test_wrong_options_of_a_runtime_are_named(
    host: isolatejs.IsolateHost, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match=said):
        await host.create_runtime(**options)
