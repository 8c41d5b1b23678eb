"""A launcher that something fails in: the sandbox that it concerns ends, the launcher and the others go on."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from fakes.daemon_process import children_of, open_descriptors
from fakes.raw_guest import evaluate, leased, raw_pool
from isolatejs.errors import IsolateError
from isolatejs.sandbox.launcher import control
from isolatejs.sandbox.launcher.cgroup import Cgroups
from isolatejs.sandbox.launcher.main import Launcher
from isolatejs.sandbox.launcher.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MORE_THAN_A_START_NEEDS = 40


@contextlib.contextmanager
def descriptors_limited(pid: int, limit: int) -> Iterator[None]:
    """Another process can have so many open files for a while."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_launcher_without_descriptors_leaves_no_process_behind() -> None:
    async with raw_pool() as pool, leased(pool) as other:
        assert pool._client is not None
        launcher = pool._client._process.pid
        processes, descriptors = set(children_of(launcher)), open_descriptors(launcher)
        failures = 0
        for more in range(MORE_THAN_A_START_NEEDS):  # so each step of a start fails once
            try:
                with descriptors_limited(launcher, descriptors + more):
                    sandbox = await pool.lease(memory_limit_bytes=1 << 26)
            except IsolateError:
                failures += 1
            else:
                await sandbox.aclose()
            assert not pool._client.ended.done()
        assert 5 < failures < MORE_THAN_A_START_NEEDS
        assert await evaluate(other, "6 * 7") == "42"
        async with leased(pool) as last:  # what ended before it has been collected by now
            assert set(children_of(launcher)) == processes | {last.pid}
        assert open_descriptors(launcher) <= descriptors + 3  # those of the last one may still be open


@pytest.fixture
def child() -> Iterator[int]:
    """The pid of a process that has been started for its sake."""
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_limit_that_cannot_be_set_ends_the_sandbox_and_not_the_launcher(child: int, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        launcher = Launcher(theirs)
        theirs.setblocking(False)
        launcher._watch(theirs.fileno(), "control", None)
        stderr, writing = os.pipe2(os.O_NONBLOCK)
        os.close(writing)
        status = os.open(f"/proc/{child}/status", os.O_RDONLY)
        process = Process("7", child, os.pidfd_open(child), stderr, None, (), status)
        launcher._processes["7"] = process
        launcher._cgroups = Cgroups(os.open(tmp_path, os.O_RDONLY))  # which has no cgroup 7
        control.send(ours, control.encode({"op": "limit", "id": "7", "memory_limit_bytes": 1 << 26}))
        launcher._on_control()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert process.reap()
        report = process.describe_end()
        assert report["signal"] == signal.SIGKILL
        assert "memory cannot be limited" in report["stderr_tail"]
        process.close()


def test_a_queue_of_starts_leaves_time_to_look_at_who_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        launcher = Launcher(theirs)
        theirs.setblocking(False)
        launcher._watch(theirs.fileno(), "control", None)
        started: list[str] = []
        monkeypatch.setattr(launcher, "_spawn", lambda message, descriptors: started.append(message["id"]))
        for id in "123":
            control.send(ours, control.encode({"op": "spawn", "id": id}))
        rounds = []
        for _ in range(3):
            launcher._on_control()
            rounds.append(list(started))
        assert rounds == [["1"], ["1", "2"], ["1", "2", "3"]]
