"""Finding a delegated cgroup and using it, on a directory tree that stands for the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isolatejs.sandbox.launcher.cgroup import KERNEL_SLACK_BYTES, Cgroups
from isolatejs.sandbox.launcher.settings import THREADS_LIMIT

PID = 4711


def make_tree(mount: Path, *, memory_in: str | None) -> None:
    """A hierarchy with /user/service/host, whose memory controller is passed on in one place."""
    (mount / "user" / "service" / "host").mkdir(parents=True)
    for directory in ("", "user", "user/service", "user/service/host"):
        (mount / directory / "cgroup.controllers").write_text("memory pids\n")
        control = mount / directory / "cgroup.subtree_control"
        if directory == memory_in:
            control.write_text("memory\n")
        else:
            control.mkdir()  # cannot be written, like a cgroup with processes


def make_ours(mount: Path) -> Path:
    """What the kernel would put into the directories that are made."""
    return mount / "user" / "service" / f"isolatejs-{PID}"


@pytest.mark.parametrize("memory_in", ["user/service", "user/service/host"])
def test_a_delegation_is_found_in_the_own_cgroup_or_its_parent(
    tmp_path: Path, memory_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path, memory_in=memory_in)
    made: list[Path] = []
    monkeypatch.setattr(Cgroups, "_make", classmethod(lambda cls, parent, pid: made.append(parent)))
    Cgroups.find("0::/user/service/host\n", mount=tmp_path, launcher_pid=PID)
    assert made == [tmp_path / memory_in]


@pytest.mark.parametrize("own", ["", "4:memory:/x\n", "0::/\n", "0::/user/service/host\n"])
def test_without_a_delegation_there_is_none(tmp_path: Path, own: str) -> None:
    make_tree(tmp_path, memory_in=None)
    assert Cgroups.find(own, mount=tmp_path, launcher_pid=PID) is None


def test_nothing_above_the_mount_is_looked_at(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    make_tree(mount, memory_in=None)
    (tmp_path / "cgroup.subtree_control").write_text("memory\n")
    assert Cgroups.find("0::/\n", mount=mount, launcher_pid=PID) is None


@pytest.fixture
def cgroups(tmp_path: Path) -> Cgroups:
    sandbox = tmp_path / "7"
    sandbox.mkdir()
    for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max"):
        (sandbox / name).write_text("max")
    (sandbox / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\n")
    return Cgroups(os.open(tmp_path, os.O_RDONLY))


def test_a_limit_leaves_room_for_the_kernels_own_memory(cgroups: Cgroups, tmp_path: Path) -> None:
    cgroups.limit("7", 100)
    assert (tmp_path / "7" / "memory.max").read_text() == str(100 + KERNEL_SLACK_BYTES)
    assert (tmp_path / "7" / "memory.swap.max").read_text().startswith("0")


def test_the_kernels_kill_is_told(cgroups: Cgroups, tmp_path: Path) -> None:
    assert cgroups.remove("7") is False
    (tmp_path / "7" / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    assert cgroups.remove("7") is True


def test_threads_are_counted_where_pids_are_delegated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, str] = {}
    monkeypatch.setattr(Cgroups, "_write", lambda self, _, name, value: written.update({name: value}))
    os.close(Cgroups(os.open(tmp_path, os.O_RDONLY)).make("7"))
    assert written["pids.max"] == str(THREADS_LIMIT)


def test_without_the_pids_controller_memory_is_counted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: Cgroups, id: str, name: str, value: str) -> None:
        if name == "pids.max":
            raise FileNotFoundError(name)

    monkeypatch.setattr(Cgroups, "_write", write)
    os.close(Cgroups(os.open(tmp_path, os.O_RDONLY)).make("7"))
