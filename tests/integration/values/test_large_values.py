"""Large values in one message, and what happens beyond the limits. Behaviours, weaknesses 8 and 11."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from fakes.endless import statistics
from isolatejs import GuestError, Request, Response, create_module_resolver

if TYPE_CHECKING:
    from isolatejs import IsolateHost

MEGABYTE = 1024 * 1024


async def test_ten_megabytes_in_one_message_both_ways(host: IsolateHost) -> None:
    """Weakness 11: frames of 10 MB dropped the connection or hung there, bytes crossed as arrays of numbers."""
    data = bytes(range(256)) * (40 * 1024)

    def take(value: bytes) -> bool:
        return type(value) is bytes and value == data

    async with host.create_runtime(bindings={"tools": {"give": lambda: data, "take": take}}) as runtime:
        code = "const d = await give(); [d instanceof Uint8Array, d.length, d[255], await take(d)]"
        assert await runtime.eval(code) == [True, len(data), 255, True]
        assert await runtime.eval(f"new Uint8Array({len(data)})") == bytes(len(data))


async def test_large_and_small_calls_at_once_keep_apart(host: IsolateHost) -> None:
    async def echo(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    async with host.create_runtime(bindings={"tools": {"echo": echo}}, memory_limit_mb=256) as runtime:
        code = """
          const sizes = Array.from({ length: 60 }, (_, i) => i % 3 === 0 ? 1_000_000 + i : i);
          const back = await Promise.all(sizes.map((size) => echo(new Uint8Array(size).fill(size % 251))));
          back.every((bytes, i) => bytes.length === sizes[i] && bytes.every((byte) => byte === sizes[i] % 251))
        """
        assert await runtime.eval(code) is True


async def test_a_value_beyond_the_limit_of_a_message_is_refused_and_nothing_breaks(host: IsolateHost) -> None:
    async with host.create_runtime(
        bindings={"tools": {"take": lambda value: None}}, memory_limit_mb=512
    ) as runtime:
        with pytest.raises(GuestError, match=r"too large|limit"):
            await runtime.eval(f"new Uint8Array({129 * MEGABYTE})")
        assert await runtime.eval("1 + 1") == 2


async def test_what_a_call_used_is_given_back(host: IsolateHost) -> None:
    """Weakness 11: the state of a request was never freed there."""

    async def get(request: Request) -> Response:
        assert request.body is not None
        return Response(request.body)

    async with host.create_runtime(bindings={"tools": {"get": get}}) as runtime:
        code = """
          for (let i = 0; i < 200; i++) {
            const response = await get(new Request('http://a/', { method: 'POST', body: `body ${i}` }));
            if (await response.text() !== `body ${i}`) throw new Error(`${i}`);
          }
          'all'
        """
        assert await runtime.eval(code) == "all"
        while any((found := statistics(runtime))[name] for name in ("stream_count", "incoming_calls")):
            await runtime.eval("0")
        assert found["references_of_host"] == found["references_of_guest"] == 0


async def test_top_level_await_in_an_imported_module_is_waited_for(host: IsolateHost) -> None:
    """Weakness 8: top-level await in an import failed there, and an eval could resolve early."""
    source = (
        "await new Promise((r) => setTimeout(r, 20)); export const value = await Promise.resolve('late');"
    )
    modules = create_module_resolver().virtual("@x/late", source)
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        assert await runtime.eval("import { value } from '@x/late'; await null; value") == "late"
        assert await runtime.eval("(await import('@x/late')).value") == "late"


async def test_text_that_looks_like_an_import_is_text(host: IsolateHost) -> None:
    """Weakness 8: scans of the text for `import(` refused string literals there."""
    async with host.create_runtime() as runtime:
        code = (
            "const text = 'import(\"node:fs\")'; /import\\(/.test(text) /* import('x') */ && `import(${1})`"
        )
        assert await runtime.eval(code) == "import(1)"


@pytest.mark.parametrize(
    "value",
    [
        "new Uint8Array(129 * 1024 * 1024)",
        "'é'.repeat(17 * 1024 * 1024)",
        "Array.from({ length: 65_537 }, () => new Uint8Array(1))",
        "2n ** 4_000_004n",
    ],
)
async def test_a_program_that_sends_too_much_gets_an_error_and_lives(host: IsolateHost, value: str) -> None:
    async with host.create_runtime(
        bindings={"tools": {"take": lambda value: None}}, memory_limit_mb=768
    ) as runtime:
        code = f"await take({value}).catch((e) => e instanceof RangeError && e.message)"
        assert "limit" in (message := await runtime.eval(code)) or "more than" in message
        with pytest.raises(GuestError, match=r"limit|more than"):
            await runtime.eval(value)
        with pytest.raises(GuestError, match="own"):
            await runtime.eval(f"throw Object.assign(new Error('own'), {{ value: {value} }})")
        assert await runtime.eval("1 + 1") == 2
