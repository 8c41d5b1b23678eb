"""Attacks through the console: on the host's memory, its callback, its terminal, and its secrets."""

from __future__ import annotations

import getpass
import os
import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.errors import IsolateError, OutputLimitError

if TYPE_CHECKING:
    from isolatejs import ConsoleEntry, IsolateHost


async def entries_of(host: IsolateHost, code: str) -> list[ConsoleEntry]:
    entries: list[ConsoleEntry] = []
    async with host.create_runtime(bindings={"console": entries.append}) as runtime:
        await runtime.eval(code, "/main.ts", execution_timeout_ms=20_000)
    return entries


@pytest.mark.parametrize(
    "flood",
    [
        "while (true) console.log('x'.repeat(1000))",
        "while (true) console.log()",
        "while (true) console.log(new Uint8Array(500_000))",
        "while (true) console.log(Array(900).fill('y'.repeat(1000)))",
        "while (true) { console.group('z'.repeat(100_000)) }",
        "while (true) { console.count('q'.repeat(1000) + Math.random()) }",
    ],
)
async def test_flood_ends_its_runtime_and_no_other(host: IsolateHost, flood: str) -> None:
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with host.create_runtime() as neighbour, host.create_runtime(bindings={"console": id}) as runtime:
        with pytest.raises((OutputLimitError, IsolateError)) as caught:
            await runtime.eval(flood, execution_timeout_ms=60_000)
        assert isinstance(caught.value, OutputLimitError) or "memory" in str(caught.value)
        assert runtime.disposed
        assert await neighbour.eval("1 + 1") == 2
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before) / 1024
    assert grown_mib < 200


HOSTILE_VALUES = [
    "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 }, getPrototypeOf() { throw 1 } })",
    "new Proxy([], { get: (t, k) => k === 'length' ? 4e9 : 1 })",
    "new Proxy(function () {}, { getOwnPropertyDescriptor() { throw 1 } })",
    "Object.defineProperty({}, 'x', { enumerable: true, get() { while (true); } })",
    "({ __proto__: null, ['__proto__']: 1, constructor: 2, then: 3, toJSON: 4 })",
    "({ then(resolve) { resolve('stolen') } })",
    "JSON.parse('['.repeat(5000) + ']'.repeat(5000))",
    "Array(4e9 >>> 1)",
    "'\\ud800'",
    "'a\\0b'",
    "new Date(NaN)",
    "Object.assign(() => {}, { valueOf() { throw 1 } })",
    "Object.create(Map.prototype)",
    "Object.create(Date.prototype)",
    "Object.setPrototypeOf(new Map(), Set.prototype)",
    "Object.assign(new Error('e'), { name: { toString() { throw 1 } } })",
    "(() => { const e = new Error('e'); e.cause = e; return e })()",
    "new Uint8Array(new SharedArrayBuffer(8))",
    "(() => { const b = new ArrayBuffer(8); b.transfer(); return b })()",
    "(() => { const b = new ArrayBuffer(8); const v = new Uint8Array(b); b.transfer(); return v })()",
    "new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))",
    "10n ** 5000n",
    "document = { [Symbol.toStringTag]: 'x'.repeat(1e5) }",
]


@pytest.mark.parametrize("value", HOSTILE_VALUES)
async def test_hostile_value_is_logged_or_thrown_in_the_program(host: IsolateHost, value: str) -> None:
    """Nothing that a program can log makes an error on the host or ends the runtime."""
    code = f"try {{ console.log({value.removeprefix('document = ')}) }} catch {{}} console.log('after')"
    entries = await entries_of(host, code)
    assert entries[-1].stdout == "after"
    assert all(isinstance(entry.stdout, str) for entry in entries)


async def test_patched_stack_formatting_is_not_trusted(host: IsolateHost) -> None:
    entries = await entries_of(
        host,
        "Error.prepareStackTrace = () => ({ toString() { throw 1 } });"
        "const calls = [() => console.trace('t'), () => console.log(new Error('e'))];"
        "for (const call of calls) { try { call() } catch {} }"
        "console.log('after')",
    )
    assert entries[-1].stdout == "after"
    assert all(entry.stack is None or isinstance(entry.stack, str) for entry in entries)


async def test_entries_tell_nothing_of_the_machine(host: IsolateHost) -> None:
    code = (
        "function f() { console.trace(1); console.log(new Error('e')); console.error(new Error('e').stack) }"
        "f(); setTimeout(f, 0); await new Promise((r) => setTimeout(r, 20)); console.log(import.meta);"
        "console.dir(globalThis, { depth: 2, showHidden: true }); console.table(globalThis)"
    )
    entries = await entries_of(host, code)
    everything = "\n".join(f"{entry.stdout}\n{entry.stack}\n{entry.values!r}" for entry in entries)
    secrets: list[Any] = [Path.cwd(), Path(__file__).parent, Path.home(), socket.gethostname(), os.getpid()]
    for secret in (*map(str, secrets), f"/{getpass.getuser()}/"):
        if len(secret) > 4:
            assert secret not in everything


async def test_callback_that_fails_does_not_reach_the_program(host: IsolateHost) -> None:
    def handler(entry: ConsoleEntry) -> None:
        raise RuntimeError(f"secret of the host: {Path.cwd()}")

    async with host.create_runtime(bindings={"console": handler}) as runtime:
        assert (
            await runtime.eval(
                "let e = 'none'; try { console.log('x') } catch (error) { e = String(error) } e"
            )
            == "none"
        )
