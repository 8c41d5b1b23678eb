"""A session of many programs does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import GuestError, create_module_resolver

if TYPE_CHECKING:
    from isolatejs import IsolateHost

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 3_500
# A program that stayed would cost 4 kB or more, 14 MB in all.
SLACK_BYTES = 6_000_000

PROGRAMS = {
    "expression": "1 + {n}",
    "module": "import 'node:path'; const x = {n}; function f() {{ return x }} f()",
    "dynamic imports": "const {{ a }} = await import('/a.js'); a + {n}",
    "typescript": "const x: number = {n}; export default x",
    "errors": "import 'node:path'; throw new Error('{n}')",
    "made code": "import 'node:path'; new Function('return {n}')()",
}


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_programs_leave_nothing_behind(kind: str, host: IsolateHost) -> None:
    modules = create_module_resolver().virtual("/a.js", "export const a = 1")
    async with host.create_runtime(bindings={"modules": modules}, memory_limit_mb=512) as runtime:

        async def least_heap(first: int) -> int:
            """Run many programs; what V8 uses right after its collections is what they left behind."""
            least = 1 << 40
            for n in range(first, first + ROUNDS):
                try:
                    await runtime.eval(PROGRAMS[kind].format(n=n))
                except GuestError:
                    assert kind == "errors"
                if n % 50 == 0:
                    least = min(least, await runtime.eval("process.memoryUsage().heapUsed"))
            return least

        await least_heap(0)
        before = await least_heap(ROUNDS)
        assert await least_heap(2 * ROUNDS) - before < SLACK_BYTES
