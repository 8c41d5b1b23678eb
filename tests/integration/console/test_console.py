"""The console of a real sandbox: each method, its text and its fields."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import ConsoleBindings, ExecutionTimeoutError
from isolatejs.errors import OutputLimitError

if TYPE_CHECKING:
    from isolatejs.capabilities.console.bindings import ConsoleEntry
    from isolatejs.host.isolate_host import IsolateHost


async def entries_of(host: IsolateHost, code: str, **options: Any) -> list[ConsoleEntry]:
    entries: list[ConsoleEntry] = []
    bindings = {"console": ConsoleBindings(entries.append, **options)}
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval(code, "/main.ts")
    return entries


async def entry_of(host: IsolateHost, code: str, **options: Any) -> ConsoleEntry:
    (entry,) = await entries_of(host, code, **options)
    return entry


@pytest.mark.parametrize("level", ["log", "warn", "error", "info", "debug"])
async def test_levels(host: IsolateHost, level: str) -> None:
    entry = await entry_of(host, f'console.{level}("a", 1, {{ b: [2] }})')
    assert (entry.type, entry.level, entry.stdout) == ("output", level, "a 1 { b: [ 2 ] }")
    assert entry.values == ("a", 1, {"b": [2]})
    assert entry.timestamp > 1.6e12


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('"%s is %d years and %i", "Al", 42.5, 42.9', "Al is 42 years and 42"),
        ('"%o", [1]', "[ 1 ]"),
        ('"%O", {a: 1}', "{ a: 1 }"),
        ('"%cred", "color: red"', "red"),
        ('"100%"', "100%"),
        ('"%s", 1, 2', "1 2"),
        ("-0, 1n, null, undefined, Symbol('x')", "-0 1n null undefined Symbol(x)"),
        ("new Map([[1, new Set([2])]])", "Map(1) { 1 => Set(1) { 2 } }"),
        ("", ""),
    ],
)
async def test_formats(host: IsolateHost, arguments: str, text: str) -> None:
    assert (await entry_of(host, f"console.log({arguments})")).stdout == text


async def test_errors_show_the_users_frames(host: IsolateHost) -> None:
    entry = await entry_of(host, "\nfunction f() { console.error(new TypeError('bad', { cause: 1 })) }\nf()")
    assert entry.stdout.startswith("TypeError: bad\n    at f (/main.ts:2:")
    assert "[cause]: 1" in entry.stdout
    assert "isolatejs/" not in entry.stdout
    assert "ext:" not in entry.stdout


async def test_groups(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "console.group('a %d', 1); console.log('x'); console.groupCollapsed(); console.log('y\\nz');"
        "console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('w')",
    )
    assert [(entry.type, entry.group_depth) for entry in entries] == [
        ("group", 0),
        ("output", 1),
        ("group", 1),
        ("output", 2),
        ("groupEnd", 1),
        ("groupEnd", 0),
        ("output", 0),
    ]
    assert (entries[0].label, entries[0].collapsed) == ("a 1", False)
    assert entries[2].collapsed is True
    assert entries[3].text == "    y\n    z"


async def test_counters(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "console.count(); console.count('x'); console.count(); console.countReset(); console.count();"
        "console.countReset('none')",
    )
    assert [(entry.type, entry.label, entry.count, entry.stdout) for entry in entries] == [
        ("count", "default", 1, "default: 1"),
        ("count", "x", 1, "x: 1"),
        ("count", "default", 2, "default: 2"),
        ("countReset", "default", None, ""),
        ("count", "default", 1, "default: 1"),
        ("output", None, None, "Count for 'none' does not exist"),
    ]
    assert entries[-1].level == "warn"


async def test_timers(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "console.time('t'); await new Promise((r) => setTimeout(r, 20)); console.timeLog('t', 'so far', 1);"
        "console.time('t'); console.timeEnd('t'); console.timeEnd('t')",
    )
    assert [entry.type for entry in entries] == ["timeLog", "output", "time", "output"]
    log, twice, end, gone = entries
    assert (log.label, end.label) == ("t", "t")
    assert log.duration_ms is not None
    assert end.duration_ms is not None
    assert 15 < log.duration_ms <= end.duration_ms < 10_000
    assert log.stdout.startswith("t: ")
    assert log.stdout.endswith("ms so far 1")
    assert log.values == ("so far", 1)
    assert twice.stdout == "Timer 't' already exists"
    assert gone.stdout == "Timer 't' does not exist"


async def test_assert(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "console.assert(true, 'no'); console.assert(false); console.assert(0, 'n is %d', 3);"
        "console.assert(null, {a: 1})",
    )
    assert [(entry.type, entry.level, entry.stdout) for entry in entries] == [
        ("assert", "error", "Assertion failed"),
        ("assert", "error", "Assertion failed: n is 3"),
        ("assert", "error", "Assertion failed: { a: 1 }"),
    ]


async def test_trace_has_the_users_stack(host: IsolateHost) -> None:
    entry = await entry_of(host, "function f() { console.trace('here %s', 1) }\nf()")
    assert (entry.type, entry.values) == ("trace", ("here %s", 1))
    assert entry.stdout.startswith("Trace: here 1\n    at f (/main.ts:1:")
    assert entry.stack is not None
    assert entry.stack.split("\n")[0].strip().startswith("at f (/main.ts:1:")
    assert "/main.ts:2:1" in entry.stack


async def test_dir_and_table_and_clear(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "console.dir({a: {b: {c: 1}}}, {depth: 0}); console.table([{a: 1, b: 2}], ['b']); console.clear();"
        "console.dirxml('x')",
    )
    assert [entry.type for entry in entries] == ["dir", "table", "clear", "output"]
    assert entries[0].stdout == "{ a: [Object] }"
    assert entries[1].stdout.split("\n")[1] == "│ (idx) │ b │"
    assert entries[1].values == ([{"a": 1, "b": 2}], ["b"])


async def test_values_are_plain_data(host: IsolateHost) -> None:
    entry = await entry_of(
        host,
        "class Point { x = 1 } const o = {self: null, get boom() { throw 1 }, f() {}}; o.self = o;"
        "console.log(new Point(), () => 1, o, new Map([[1, 2]]), Array(5e3).fill(0), new Uint8Array([1, 2]))",
    )
    point, function, cyclic, mapping, large, array = entry.values
    assert point == "Point { x: 1 }"
    assert function == "[Function (anonymous)]"
    assert cyclic["self"] is cyclic
    assert cyclic["boom"] == "[Getter]"
    assert cyclic["f"] == "[Function: f]"
    assert dict(mapping) == {1: 2}
    assert isinstance(large, str)
    assert bytes(array) == b"\x01\x02"


async def test_values_can_be_declined(host: IsolateHost) -> None:
    assert (await entry_of(host, "console.log('a', 1)", values=False)).values == ()


async def test_colors_on_request(host: IsolateHost) -> None:
    assert (await entry_of(host, "console.log({a: 1})", colors=True)).stdout == "{ a: \x1b[33m1\x1b[39m }"


async def test_logging_does_not_keep_functions_alive(host: IsolateHost) -> None:
    async with host.create_runtime(bindings={"console": lambda entry: None}) as runtime:
        await runtime.eval("for (let i = 0; i < 120_000; i++) console.log(() => i)")
        assert await runtime.eval("1 + 1") == 2


async def test_order_with_results_and_across_evals(host: IsolateHost) -> None:
    seen: list[str] = []
    async with host.create_runtime(bindings={"console": lambda entry: seen.append(entry.stdout)}) as runtime:
        for number in range(20):
            await runtime.eval(f"for (let i = 0; i < 100; i++) console.log('{number}.' + i)")
            seen.append(f"result {number}")
    expected = []
    for number in range(20):
        expected += [f"{number}.{i}" for i in range(100)] + [f"result {number}"]
    assert seen == expected


async def test_what_was_logged_before_an_endless_loop_arrives(host: IsolateHost) -> None:
    seen: list[str] = []
    async with host.create_runtime(bindings={"console": lambda entry: seen.append(entry.stdout)}) as runtime:
        with pytest.raises(ExecutionTimeoutError):
            await runtime.eval(
                "console.log('a'); console.log('b'); while (true) {}", execution_timeout_ms=300
            )
    assert seen == ["a", "b"]


async def test_detached_and_patched(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "const { log } = console; log('detached');"
        "Array.prototype[Symbol.iterator] = Map.prototype.get = String.prototype.slice = () => { throw 1 };"
        "Object.defineProperty = Date.now = JSON.stringify = () => { throw 2 };"
        "log('%s', 'patched', { a: 1 }); console.count(); console.assert(false, 'x', 1)",
    )
    assert [entry.stdout for entry in entries] == [
        "detached",
        "patched { a: 1 }",
        "default: 1",
        "Assertion failed: x 1",
    ]


async def test_object_is_a_namespace_as_the_standard_says(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        assert await runtime.eval("String(console)") == "[object console]"
        assert await runtime.eval("Object.keys(Object.getPrototypeOf(console)).length") == 0
        assert (
            await runtime.eval("Object.getOwnPropertyDescriptor(globalThis, 'console').enumerable") is False
        )
        assert await runtime.eval("console.createTask('t').run(() => 5)") == 5


async def test_silent_without_binding(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = "Object.keys(console).filter((name) => name !== 'Console').map((name) => console[name]('x')).length"
        assert await runtime.eval(code) > 20


async def test_node_console(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "import console2, { log, Console } from 'node:console'; log('named'); console2.warn('default');"
        "const lines = []; const own = new Console({ write: (text) => lines.push(text) });"
        "own.log('a %d', 1); own.error('b'); console2.info(lines.join('|'), console2 === console)",
    )
    assert [entry.stdout for entry in entries] == ["named", "default", "a 1\n|b\n true"]
    async with host.create_runtime() as runtime:
        code = "import { createRequire } from 'node:module'; createRequire('/x.js')('console') === console"
        assert await runtime.eval(code) is True


async def test_handler_is_best_effort(host: IsolateHost, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(entry: ConsoleEntry) -> None:
        raise ValueError(f"failed by {entry.stdout}")

    def broken(entry: ConsoleEntry) -> None:
        raise ValueError(f"broken by {entry.stdout}")

    with caplog.at_level(logging.ERROR):
        for console in (handler, broken):
            async with host.create_runtime(bindings={"console": console}) as runtime:
                assert await runtime.eval("console.log('x'); 3") == 3
    assert "failed by x" in caplog.text
    assert "broken by x" in caplog.text


async def test_long_entry_is_cut(host: IsolateHost) -> None:
    entry = await entry_of(host, "console.log('x'.repeat(3_000_000))")
    assert len(entry.stdout) < 1_100_000
    assert entry.stdout.endswith("more characters]")


async def test_endless_output_ends_the_runtime(host: IsolateHost) -> None:
    async with host.create_runtime(bindings={"console": lambda entry: None}) as runtime:
        with pytest.raises(OutputLimitError) as caught:
            await asyncio.wait_for(runtime.eval("const s = 'x'.repeat(1e6); while (true) console.log(s)"), 60)
        assert caught.value.runtime_id == runtime.id
        assert runtime.disposed


async def test_methods_that_a_session_holds_follow_its_new_bindings(host: IsolateHost) -> None:
    first: list[ConsoleEntry] = []
    second: list[ConsoleEntry] = []
    session = await host.get_namespaced_runtime("console-follows", bindings={"console": first.append})
    await session.eval("globalThis.log = console.log; globalThis.same = console; console.group('g'); log(1)")
    await session.dispose()
    session = await host.get_namespaced_runtime("console-follows", bindings={})
    await session.eval("log('nobody listens'); console.log('nobody')")
    await session.dispose()
    session = await host.get_namespaced_runtime(
        "console-follows", bindings={"console": ConsoleBindings(second.append, values=False)}
    )
    assert await session.eval("log(2); same === console") is True
    await session.dispose()
    await host.dispose_namespace("console-follows")
    assert [entry.stdout for entry in first] == ["g", "1"]
    assert [(entry.stdout, entry.group_depth, entry.values) for entry in second] == [("2", 1, ())]
