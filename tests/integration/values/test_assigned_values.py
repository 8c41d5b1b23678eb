"""A program whose last statement assigns: the value is the program's own."""

from __future__ import annotations

import pytest

import isolatejs


async def test_a_body_that_is_assigned_can_be_read_later(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        response = await runtime.eval('globalThis.r = new Response("kept")')
        assert await response.text() == "kept"
        assert await runtime.eval("await r.text()") == "kept"


@pytest.mark.parametrize("code", ["globalThis.c = new AbortController()", "(globalThis.c = new WeakMap())"])
async def test_what_cannot_cross_is_no_error_when_it_is_assigned(
    host: isolatejs.IsolateHost, code: str
) -> None:
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) is None
        assert await runtime.eval("typeof c") == "object"


@pytest.mark.parametrize(
    "code", ["new WeakMap()", "const a = 1; new WeakMap()", "export default new WeakMap()"]
)
async def test_what_cannot_cross_is_one_when_it_is_the_value(host: isolatejs.IsolateHost, code: str) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(isolatejs.GuestError):
            await runtime.eval(code)
