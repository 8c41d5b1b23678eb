"""What happens in a sandbox process between its clone and the engine: the wall, in the order that holds.

1. die with the launcher  2. ids of the user namespace  3. own tmpfs, FIFO  4. limits  5. Landlock
6. capabilities and uid  7. no new privileges  8. seccomp  9. execute the engine.
Every step reports itself by name. Nothing here returns: the process executes the engine or exits.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import control, linux, root

if TYPE_CHECKING:
    import socket

    from .settings import Settings, Status

ENGINE_DESCRIPTOR = 4090
"""Above RLIMIT_NOFILE, so that after the one exec no descriptor can ever have this number again."""
OPEN_FILES_LIMIT = 1024
INNER_ID = 65534


@dataclass(frozen=True)
class Plan:
    """One sandbox to start."""

    id: str
    argv: tuple[str, ...]
    namespaces: int
    stdin: int
    stdout: int
    stderr: int
    report: socket.socket
    files: dict[str, bytes]
    launcher_pidfd: int
    proc: int
    real: str | None
    directory: str


def run(plan: Plan, settings: Settings, place: root.Root) -> None:
    """Set the wall up and become the engine. Never returns."""
    layers: dict[str, Status] = {}
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_DFL)
        _die_with_launcher(plan)
        if plan.namespaces & linux.CLONE_NEWUSER:
            _map_ids(plan.proc)
        private = _make_private_directory(plan, settings)
        descriptors = _make_sync_replies(plan, private)
        _write_files(plan, private)
        engine = os.open(place.engine, os.O_PATH | os.O_CLOEXEC)
        os.dup2(engine, ENGINE_DESCRIPTOR, inheritable=False)
        os.dup2(plan.stdin, 0)
        os.dup2(plan.stdout, 1)
        os.dup2(plan.stderr, 2)
        os.chdir(plan.directory if plan.real is None or not plan.files else f"{private}/work")
        _limit_resources()
        linux.drop_capabilities()
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        control.send(plan.report, {"layers": layers}, descriptors)
        linux.execute_descriptor(ENGINE_DESCRIPTOR, list(plan.argv), _environment(private))
    except BaseException:
        _fail(plan.report)
    finally:
        os._exit(127)


def _fail(report: socket.socket) -> None:
    try:
        control.send(report, {"failed": traceback.format_exc()[-4000:]})
    except OSError:
        os._exit(126)  # the launcher is gone: nobody is left to tell


def _die_with_launcher(plan: Plan) -> None:
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    poller = select.poll()
    poller.register(plan.launcher_pidfd, select.POLLIN)
    if poller.poll(0):
        os._exit(1)


def _map_ids(proc: int) -> None:
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root after a change of uid
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{INNER_ID} 0 1"),
        ("gid_map", f"{INNER_ID} 0 1"),
    ):
        descriptor = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        os.write(descriptor, content.encode())
        os.close(descriptor)


def _make_private_directory(plan: Plan, settings: Settings) -> str:
    if plan.real is not None:
        private = f"{plan.real}/{plan.id}"
        Path(private).mkdir(mode=0o700)
        return private
    options = f"size={settings.private_limit_bytes},nr_inodes=1024,mode=700"
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("own", root.PRIVATE, "tmpfs", flags, options)
    return root.PRIVATE


def _make_sync_replies(plan: Plan, private: str) -> tuple[int, ...]:
    path = f"{private}/sync-replies"
    os.mkfifo(path, 0o600)
    if plan.real is None:
        linux.mount(path, root.SYNC_REPLIES, None, linux.MS_BIND)
    return (os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC),)


def _write_files(plan: Plan, private: str) -> None:
    if not plan.files:
        return
    work = Path(private) / "work"
    for name, content in plan.files.items():
        file = work / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if plan.real is None:
        linux.mount(str(work), root.WORK, None, linux.MS_BIND)


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_LIMIT, OPEN_FILES_LIMIT))


def _environment(private: str) -> dict[str, str]:
    return {
        "DENO_DIR": f"{private}/deno",
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
        "HOME": private,
        "TMPDIR": private,
        "TZ": "UTC",
        "LANG": "en_US.UTF-8",
    }
