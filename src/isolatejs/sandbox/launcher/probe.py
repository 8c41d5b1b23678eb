"""A helper in the engine's place: behind the finished wall it tries what is forbidden and says what happened.

Runs in a throwaway sandbox process. Its report is one JSON object on the channel: the layers, the attempts,
and with `sweep` the system calls that were not refused although no rule allows them.
"""

from __future__ import annotations

import errno
import fcntl
import json
import mmap
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from . import linux
from .seccomp_rules import ALLOWED, ENGINE_DESCRIPTOR, MAP_GROWSDOWN, MAP_HUGETLB, MAP_SHARED_ANONYMOUS
from .wall import SINGLE_EXEC

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wall import Status

_Attempt = tuple[str, str, "Callable[[], object]"]

# name: (x86-64, arm64), called with zeros: allowed, they would succeed or fail with another error than EPERM.
FORBIDDEN_CALLS: Final = {
    "mount": (165, 40),
    "unlinkat": (263, 35),
    "ptrace": (101, 117),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "memfd_create": (319, 279),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "bind": (49, 200),
    "listen": (50, 201),
    "connect": (42, 203),
    "accept": (43, 202),
    "sendmsg": (46, 211),
    "chroot": (161, 51),
    "init_module": (175, 105),
    "capset": (126, 91),
    "setuid": (105, 146),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "inotify_init1": (294, 26),
    "timer_create": (222, 107),
}
REFUSALS: Final = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOENT, errno.EROFS, errno.ENOSYS, errno.EAGAIN}
)
"""EAGAIN: a limit of resources."""
_LAST_CALL: Final = 480
_NOT_FILTERED: Final = frozenset({335, 336})
"""x86-64's uretprobe and uprobe: the kernel passes them by the filter and kills a caller that is no probe."""


def report(statuses: dict[str, Status], programs: tuple[str, ...], *, sweep: bool) -> None:
    """Try everything, write the report to the channel. `programs` are the files that may be executed once."""
    result: dict[str, Any] = {"statuses": statuses, "attempts": []}
    if any(held for name, (held, _) in statuses.items() if name != "resource limits"):
        execs = _second_execs(programs) if statuses[SINGLE_EXEC][0] else []
        result["attempts"] = [_try(*attempt) for attempt in [*_attempts(), *execs]]
    if sweep and statuses["seccomp"][0]:  # with zeros some of these calls would wait or disturb
        result["swept"], result["not_refused"] = _sweep()
    data = json.dumps(result).encode()
    while data:
        data = data[os.write(1, data) :]


def _try(name: str, layer: str, attempt: Callable[[], object]) -> dict[str, Any]:
    """`refused` only when the attempt failed with an error that means refusal."""
    try:
        outcome = attempt()
    except OSError as error:
        refused = error.errno in REFUSALS
        return {
            "name": name,
            "layer": layer,
            "refused": refused,
            "detail": errno.errorcode.get(error.errno or 0, ""),
        }
    return {"name": name, "layer": layer, "refused": False, "detail": str(outcome)}


def _attempts() -> list[_Attempt]:
    attempts: list[_Attempt] = [
        ("read /etc/passwd", "landlock", lambda: os.open("/etc/passwd", os.O_RDONLY)),
        ("read /proc/self/environ", "landlock", lambda: os.open("/proc/self/environ", os.O_RDONLY)),
        ("list the root directory", "landlock", lambda: os.open("/", os.O_RDONLY | os.O_DIRECTORY)),
        ("create a file", "landlock", lambda: os.open("/tmp", os.O_WRONLY | os.O_TMPFILE)),
        ("open an internet socket", "seccomp", lambda: socket.socket(socket.AF_INET)),
        ("open a Unix socket", "seccomp", lambda: socket.socket(socket.AF_UNIX)),
        ("start a process", "seccomp", _fork),
        ("execute a program", "seccomp", lambda: _execute("/bin/true")),
        ("execute the engine again", "seccomp", lambda: _execute("/engine/deno")),
        ("signal every process", "seccomp", lambda: os.kill(-1, 0)),
        ("signal process 2", "seccomp", lambda: os.kill(2, 0)),
        ("raise a limit", "seccomp", lambda: linux.set_limit(0, 7, 4096, 4096)),
        ("become root", "capabilities", lambda: os.setresuid(0, 0, 0)),
        ("queue a signal", "resource limits", _queue_signal),
        ("shared anonymous memory", "seccomp", lambda: _map(MAP_SHARED_ANONYMOUS)),
        (
            "memory that grows downwards",
            "seccomp",
            lambda: _map(mmap.MAP_PRIVATE | mmap.MAP_ANON | MAP_GROWSDOWN),
        ),
        ("huge pages", "seccomp", lambda: _map(mmap.MAP_PRIVATE | mmap.MAP_ANON | MAP_HUGETLB)),
        ("wait for a lock", "seccomp", lambda: fcntl.lockf(0, fcntl.LOCK_SH)),
        ("out-of-band data", "seccomp", _send_out_of_band),
    ]
    column = 1 if linux.IS_ARM64 else 0
    for name, numbers in FORBIDDEN_CALLS.items():
        attempts.append((name, "seccomp", _caller(numbers[column])))
    return attempts


def _second_execs(programs: tuple[str, ...]) -> list[_Attempt]:
    """Every form of execveat that the filter would pass: after the first exec the kernel refuses it."""
    paths = {"by its descriptor": "", **{f"by the path {path}": path for path in programs}}
    return [(f"execute again {name}", SINGLE_EXEC, _executor(path)) for name, path in paths.items()]


def _executor(path: str) -> Callable[[], object]:
    return lambda: linux.execute_descriptor(ENGINE_DESCRIPTOR, ["again"], {}, path=path)


def _queue_signal() -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMAX})
    return _caller_of("tgkill", os.getpid(), threading.get_native_id(), signal.SIGRTMAX)


def _map(flags: int) -> str:
    with mmap.mmap(-1, mmap.PAGESIZE, flags=flags):
        return "mapped"


def _send_out_of_band() -> int:
    one, other = socket.socketpair()
    with one, other:
        return one.send(b"x", socket.MSG_OOB)


def _caller_of(name: str, *arguments: int) -> int:
    """Make a call that a rule names."""
    (number,) = {rule.numbers[1 if linux.IS_ARM64 else 0] for rule in ALLOWED if rule.name == name}
    assert number is not None
    result = linux.raw_syscall(number, *arguments)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def _caller(number: int) -> Callable[[], object]:
    def call() -> int:
        result = linux.raw_syscall(number, 0, 0, 0, 0, 0, 0)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return result

    return call


def _fork() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def _execute(path: str) -> str:
    try:
        pid = os.fork()
    except PermissionError:  # then it can be tried in this process
        os.execv(path, [path])
    if pid == 0:
        try:
            os.execv(path, [path])
        finally:
            os._exit(77)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 77:
        raise PermissionError(errno.EACCES, path)
    return "executed"


def _sweep() -> tuple[int, list[list[int]]]:
    """Call every number that no rule allows; return how many, and [number, result] of those not refused."""
    column = 1 if linux.IS_ARM64 else 0
    allowed = {rule.numbers[column] for rule in ALLOWED}
    swept = [number for number in range(_LAST_CALL) if number not in allowed | _NOT_FILTERED]
    results = [[number, linux.raw_syscall(number, 0, 0, 0, 0, 0, 0)] for number in swept]
    return len(swept), [item for item in results if item[1] not in {-errno.EPERM, -errno.ENOSYS}]
