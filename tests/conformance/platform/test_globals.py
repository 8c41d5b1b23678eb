"""What a program finds on its global object, with and without grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import isolatejs
from isolatejs import Request, Response, create_file_bindings

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import ScriptRuntime

WEB = """
URL URLSearchParams URLPattern TextEncoder TextDecoder TextEncoderStream TextDecoderStream Blob File FileReader
DOMException structuredClone AbortController AbortSignal Event EventTarget CustomEvent ErrorEvent MessageEvent
ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableByteStreamController
ReadableStreamDefaultController WritableStream WritableStreamDefaultWriter WritableStreamDefaultController
TransformStream TransformStreamDefaultController CountQueuingStrategy ByteLengthQueuingStrategy CompressionStream
DecompressionStream Headers FormData Request Response atob btoa crypto Crypto CryptoKey SubtleCrypto setTimeout
setInterval clearTimeout clearInterval setImmediate clearImmediate queueMicrotask console performance
MessageChannel MessagePort WebAssembly reportError navigator self globalThis Intl Temporal
""".split()
OWN = ["Buffer", "path", "AsyncContext", "on", "emit"]
ABSENT = """
Deno Worker localStorage sessionStorage caches BroadcastChannel alert confirm prompt WebSocket EventSource
getDirectory serve browser describe test expect mock jest require module location gc
""".split()


@pytest.mark.parametrize("name", [*WEB, *OWN])
async def test_is_there(platform: ScriptRuntime, name: str) -> None:
    assert await platform.eval(f"typeof {name}") in ("function", "object")


@pytest.mark.parametrize("name", [name for name in WEB if name[0].isupper()])
async def test_interfaces_are_configurable_and_not_enumerable(platform: ScriptRuntime, name: str) -> None:
    """Web IDL 3.7.3: interface objects are { [[Writable]]: true, [[Enumerable]]: false, [[Configurable]]: true }."""
    code = f"const d = Object.getOwnPropertyDescriptor(globalThis, '{name}'); [d.enumerable, d.configurable]"
    assert await platform.eval(code) == [False, True]


@pytest.mark.parametrize("name", ABSENT)
async def test_is_absent_when_not_granted(platform: ScriptRuntime, name: str) -> None:
    assert await platform.eval(f"typeof {name}") == "undefined"
    assert await platform.eval(f"'{name}' in globalThis") is False


async def test_grants_bring_their_globals(tmp_path: Path) -> None:
    async def fetch(request: Request) -> Response:
        return Response(f"to {request.url}")

    (tmp_path / "a.txt").write_text("content")
    bindings: dict[str, Any] = {
        "fetch": fetch,
        "files": create_file_bindings(root=tmp_path),
        "tools": {"add": lambda a, b: a + b, "math": {"twice": lambda value: value * 2}},
    }
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings=bindings, cwd="/w") as runtime,
    ):
        assert await runtime.eval("await (await fetch('http://a/x')).text()") == "to http://a/x"
        code = "const d = await getDirectory('/'); await (await (await d.getFileHandle('a.txt')).getFile()).text()"
        assert await runtime.eval(code) == "content"
        assert await runtime.eval("[await add(1, 2), await math.twice(4)]") == [3, 8]
        assert await runtime.eval("path.resolve('x')") == "/w/x"


async def test_own_globals_work(platform: ScriptRuntime) -> None:
    assert await platform.eval("Buffer.from('héllo').toString('base64')") == "aMOpbGxv"
    assert await platform.eval("path.join('/a', '..', 'b', './c.js')") == "/b/c.js"
    got: list[Any] = []
    stop = platform.events.on("out", got.append)
    await platform.eval("on('in', (value) => emit('out', [value, new Map([[1, 2]])]))")
    await platform.events.emit("in", {"a": 1})
    await platform.eval("0")
    stop()
    assert got == [[{"a": 1}, isolatejs.JSMap([(1, 2)])]]
    code = """
      const variable = new AsyncContext.Variable({ defaultValue: 0 });
      await variable.run(5, async () => { await null; return variable.get() }) + variable.get()
    """
    assert await platform.eval(code) == 5
