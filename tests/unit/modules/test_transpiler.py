"""Turns at the transpiler, and what its complaints tell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isolatejs.capabilities.modules.bindings import ModuleOptions
from isolatejs.capabilities.modules.transpiler import TranspileError, Transpiler
from isolatejs.channel.current_call import CurrentCall, current_call
from isolatejs.limits import TRANSPILERS_LIMIT
from isolatejs.sandbox.provider import CompletedEngineRun


class Engine:
    """Runs that end when the test says so."""

    def __init__(self) -> None:
        self.running: list[tuple[bytes, asyncio.Future[CompletedEngineRun]]] = []

    async def run(self, argv: list[str], files: dict[str, bytes], *_: Any) -> CompletedEngineRun:
        future: asyncio.Future[CompletedEngineRun] = asyncio.get_running_loop().create_future()
        self.running.append((files[argv[-1]], future))
        return await future

    def sources(self) -> list[bytes]:
        return [source for source, future in self.running if not future.done()]

    def end(self, source: bytes) -> None:
        for running, future in self.running:
            if running == source:
                future.set_result(CompletedEngineRun(0, b"done", ""))


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_runtime_with_many_slow_sources_leaves_places_to_others() -> None:
    engine, transpiler = Engine(), Transpiler()

    def start(owner: str, source: bytes) -> asyncio.Task[bytes]:
        current_call.set(CurrentCall(owner, None))  # type: ignore[arg-type]
        return asyncio.create_task(transpiler.transpile(source, "tsx", ModuleOptions(), engine.run))

    greedy = [start("greedy", b"slow %d" % n) for n in range(50)]
    await settled()
    assert engine.sources() == [b"slow 0", b"slow 1"]
    others = [start(f"other {n}", b"quick %d" % n) for n in range(TRANSPILERS_LIMIT - 2)]
    await settled()
    assert len(engine.sources()) == TRANSPILERS_LIMIT
    late = start("late", b"late")
    await settled()
    assert b"late" not in engine.sources()
    engine.end(b"slow 0")
    await settled()
    assert b"late" in engine.sources()  # before the 48 that had waited longer
    assert b"slow 2" not in engine.sources()
    for task in (*greedy, *others, late):
        task.cancel()
    await asyncio.gather(*greedy, *others, late, return_exceptions=True)


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        (
            "error: Expected ident\n  |\n1 | x\n    at file:///tmp/isolatejs-a1/3/work/program.tsx:1:2\n",
            "Expected ident at program.tsx:1:2",
        ),
        (
            "error: The module's source code could not be parsed: file:///tmp/isolatejs-a1/3/work/program.tsx x",
            "The module's source code could not be parsed: program.tsx x",
        ),
        ("error: in /tmp/isolatejs-a1/3/work/deno.json", "in deno.json"),
        ("", "the source cannot be transpiled"),
    ],
)
async def test_complaints_name_no_path_of_the_machine(stderr: str, message: str) -> None:
    async def run(*_: Any) -> CompletedEngineRun:
        return CompletedEngineRun(1, b"", stderr)

    with pytest.raises(TranspileError) as raised:
        await Transpiler().transpile(b"x", "tsx", ModuleOptions(), run)
    assert str(raised.value) == message
