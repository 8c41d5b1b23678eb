"""The checker reads hostile text: it is confined like a program, and serves nobody else."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import isolatejs
from fakes.other_system import OtherSystem
from isolatejs.errors import ConfinementError, RuntimeDisposedError, TypecheckError
from isolatejs.sandbox.pool import EmbeddedPool
from isolatejs.typechecking.checker import Checkers
from isolatejs.typechecking.language_server import CheckFailedError
from isolatejs.typechecking.scopes import ScopeConfig
from isolatejs.typechecking.source_files import source_file
from isolatejs.typechecking.standalone import StandaloneChecks, close_checkers, standalone_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isolatejs.host.script_runtime import ScriptRuntime

SLOW = "type R<N, T extends 0[] = []> = N extends T['length'] ? T : R<N, [...T, 0]>; " + " ".join(
    f"let q{n}: R<{700 + n}>;" for n in range(290)
)


@pytest.fixture(scope="module", autouse=True)
def _checkers() -> Iterator[None]:
    yield
    close_checkers()


def pid_of(runtime: ScriptRuntime) -> int:
    assert runtime._check is not None
    pid = runtime._check._checker.pid
    assert pid is not None
    return pid


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC240
            await asyncio.sleep(0.01)  # poll


async def test_a_checker_is_confined_like_a_program(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(typecheck=True) as runtime:
        assert await runtime.eval("1 + 1") == 2
        checker, program = pid_of(runtime), runtime._live.sandbox.pid
        for kind in ("user", "mnt", "pid", "net", "ipc", "uts"):
            own = os.readlink(f"/proc/self/ns/{kind}")
            assert os.readlink(f"/proc/{checker}/ns/{kind}") != own, kind
        of_checker, of_program = _status(checker), _status(program)
        for field in ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Seccomp_filters"):
            assert of_checker[field] == of_program[field], field
        assert of_checker["Seccomp"] == "2"
        assert int(of_checker["CapEff"], 16) == 0
        assert _limits(checker, "Max file size") == _limits(program, "Max file size") == "0"
        assert _limits(checker, "Max data size") != "unlimited"


async def test_each_runtime_has_a_checker_of_its_own_that_ends_with_it(host: isolatejs.IsolateHost) -> None:
    async with (
        host.create_runtime(typecheck=True) as first,
        host.create_runtime(typecheck=True) as second,
    ):
        await first.eval("declare global { var stolen: number } export {}")
        with pytest.raises(TypecheckError, match="stolen"):
            await second.eval("stolen;")
        pids = pid_of(first), pid_of(second)
        assert pids[0] != pids[1]
        await first.eval("2")
        assert pid_of(first) == pids[0]
    for pid in pids:
        await until_gone(pid)


async def test_checks_without_a_tenant_share_no_process() -> None:
    checks = standalone_checks()
    seen: list[int | None] = []
    owner = checks._checkers
    take = owner.take

    async def taken() -> object:
        server = await take()
        seen.append(server.sandbox.pid)
        return server

    owner.take = taken  # type: ignore[method-assign, assignment]
    try:
        for _ in range(2):
            assert (await isolatejs.typecheck_async("1;")).success
        for _ in range(2):
            assert (await isolatejs.typecheck_async("1;", tenant="a")).success
        assert (await isolatejs.typecheck_async("1;", tenant="b")).success
    finally:
        del owner.take  # type: ignore[method-assign]
    assert len(seen) == len(set(seen)) == 4  # the second one of `a` found its own again
    for pid in seen[:2]:
        assert pid is not None
        await until_gone(pid)


async def test_a_check_that_takes_long_stops_nobody_elses(host: isolatejs.IsolateHost) -> None:
    slow = await host.create_runtime(typecheck=True)
    async with host.create_runtime(typecheck=True) as quick:
        checking = asyncio.create_task(slow.eval(SLOW))
        for n in range(3):
            assert await quick.eval(f"{n}") == n
        assert not checking.done()
        await slow.dispose()
        with pytest.raises(RuntimeDisposedError, match="disposed"):
            await checking


async def test_a_check_ends_in_time_while_the_event_loop_stands() -> None:
    async with EmbeddedPool(pool_size=0) as pool:
        checkers = Checkers(pool)
        checker = checkers.checker()
        quick, slow = source_file("/index.ts", "1;"), source_file("/index.ts", SLOW)
        await checker.check(ScopeConfig(""), [quick], [quick], 60_000)
        pid = checker.pid
        checking = asyncio.create_task(checker.check(ScopeConfig(""), [slow], [slow], 1_500))
        server = checker._session.server  # type: ignore[union-attr]
        asked = server._next_id
        while server._next_id == asked:
            await asyncio.sleep(0.01)  # poll
        time.sleep(4)  # noqa: ASYNC251 - on purpose
        state = Path(f"/proc/{pid}/stat")  # noqa: ASYNC240
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"  # noqa: ASYNC240
        with pytest.raises(CheckFailedError, match="longer than 1500 ms"):
            await checking
        await checkers.close()


async def test_a_checker_that_is_killed_costs_its_runtime_one_check(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(typecheck=True) as runtime:
        checking = asyncio.create_task(runtime.eval(SLOW))
        while not runtime._check._checker.is_warm:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)  # poll
        os.kill(pid_of(runtime), 9)
        with pytest.raises(TypecheckError, match="the checker process ended"):
            await checking
        assert await runtime.eval("3") == 3


async def test_no_check_starts_without_the_confinement_that_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isolatejs.sandbox.pool.sys", OtherSystem("darwin"))
    checks = StandaloneChecks("require")
    try:
        with pytest.raises(ConfinementError, match="needs Linux"):
            checks.submit(None, lambda checker: checker.check(None, [], [], 20_000)).result()  # type: ignore[arg-type]
    finally:
        checks.close()


async def test_wrong_confinement_is_named() -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="confinement='none': expected one of require"):
        await isolatejs.typecheck_async("1", confinement="none")  # type: ignore[arg-type]


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _limits(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(name):
            return line.removeprefix(name).split()[0]
    raise AssertionError(name)
