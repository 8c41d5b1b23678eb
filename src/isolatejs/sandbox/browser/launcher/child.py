"""What happens in a tenant between its clone and its driver: the confinement, in the order that holds.

The process that was cloned stays: it is the first of its PID namespace, collects orphans, and ends with the driver.
Whoever kills it kills the tree. Nothing here returns to the launcher's loop.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import resource
import signal
import socket
import struct
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...launcher import linux
from . import root
from .seccomp_filter import build_filter
from .settings import ERRORS, HOME, PROXY_PORT, Limits, Settings

if TYPE_CHECKING:
    import select

INNER_ID: Final = 65534
"""What a tenant sees as its uid and gid: Chromium keeps its own sandbox only when it is not root."""
OPEN_FILES_LIMIT: Final = 4096
NICENESS: Final = 5
"""Browsers use what processor time the host and the engines leave."""
BACKLOG: Final = 128
FILTER: Final = build_filter()
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1


@dataclass(frozen=True)
class Plan:
    """One tenant to start."""

    limits: Limits
    namespaces: int
    channel: int
    """The driver's stdin and stdout."""
    report: int
    """A SOCK_SEQPACKET socket: one packet `ready` with descriptors, or why the tenant cannot start."""
    launcher_gone: select.poll
    proc: int


def run(plan: Plan, settings: Settings) -> None:
    """Confine this process, start the driver, stay as its init. Never returns."""
    status = 127
    try:
        _die_with_launcher(plan)
        _map_ids(plan.proc)
        linux.set_host_name("browser")
        root.add_own(plan.limits)
        listener = _open_network() if plan.namespaces & linux.CLONE_NEWNET else None
        errors = os.open(ERRORS, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        kept = [plan.channel, plan.report, errors, *([] if listener is None else [listener.fileno()])]
        _close_all_but(kept)
        os.chdir(HOME)
        _limit(plan)
        linux.drop_bounding_set()
        linux.drop_capabilities()
        # This process stays, with the memory of the launcher: /proc/1 is not for those that it starts.
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.load_seccomp(FILTER)
        driver = os.fork()
        if driver == 0:
            _become_driver(plan, settings, errors)
        _report_ready(plan, listener, errors)
        for descriptor in (plan.channel, errors, *([] if listener is None else [listener.detach()])):
            os.close(descriptor)
        status = _wait_for(driver)
    except BaseException:
        with contextlib.suppress(OSError):
            os.write(plan.report, traceback.format_exc().encode()[-4000:])
    finally:
        os._exit(status)


def nests(namespaces: int, proc: int) -> bool:
    """Whether a user namespace can be created in a tenant, which Chromium needs for its own sandbox."""
    pid, pidfd = linux.clone(namespaces)
    if pid == 0:
        status = 1
        try:
            _map_ids(proc)
            linux.drop_capabilities()
            status = 0 if linux.can_clone(linux.CLONE_NEWUSER | linux.CLONE_NEWPID) else 1
        finally:
            os._exit(status)
    os.close(pidfd)
    return os.waitpid(pid, 0)[1] == 0


def _die_with_launcher(plan: Plan) -> None:
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if plan.launcher_gone.poll(0):  # it died before the line above
        os._exit(1)


def _map_ids(proc: int) -> None:
    # After the launcher's change of uid, /proc/self is not ours without.
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    for name, content in (
        ("oom_score_adj", "1000"),
        ("setgroups", "deny"),
        ("uid_map", f"{INNER_ID} 0 1"),
        ("gid_map", f"{INNER_ID} 0 1"),
    ):
        descriptor = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        try:
            os.write(descriptor, content.encode())
        finally:
            os.close(descriptor)


def _close_all_but(kept: list[int]) -> None:
    """Close what the launcher has open, its other tenants' directories among it: this process executes nothing."""
    first = 0
    for descriptor in (*sorted(kept), 1 << 20):
        os.closerange(first, descriptor)
        first = descriptor + 1


def _open_network() -> socket.socket:
    """The only thing that can be reached in the new network namespace: a port whose connections the host accepts.

    A socket stays in the namespace in which it was created, whoever holds it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    request = bytearray(struct.pack("16sH22x", b"lo", 0))
    fcntl.ioctl(listener, _SIOCGIFFLAGS, request)
    (flags,) = struct.unpack_from("H", request, 16)
    fcntl.ioctl(listener, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PROXY_PORT))
    listener.listen(BACKLOG)
    return listener


def _limit(plan: Plan) -> None:
    limits = plan.limits
    values = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES_LIMIT,
        resource.RLIMIT_FSIZE: limits.disk_bytes,
        resource.RLIMIT_MEMLOCK: 8 * 1024 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_SIGPENDING: 1024,
        # Counted by the user namespace, so for the tree as a whole.
        resource.RLIMIT_NPROC: limits.tasks,
    }
    for kind, value in values.items():
        resource.setrlimit(kind, (value, value))
    os.nice(NICENESS)
    if limits.processors:
        os.sched_setaffinity(0, _some_processors(limits.processors))


def _some_processors(count: int) -> set[int]:
    """So many of those that we may use, others for each tenant as it comes."""
    available = sorted(os.sched_getaffinity(0))
    first = int.from_bytes(os.urandom(2), "little") % len(available)
    return {available[(first + index) % len(available)] for index in range(min(count, len(available)))}


def _become_driver(plan: Plan, settings: Settings, errors: int) -> None:
    try:
        # Its own session: nothing that it does to its terminal or process group reaches the init.
        os.setsid()
        for descriptor, standard in ((plan.channel, 0), (plan.channel, 1), (errors, 2)):
            os.dup2(descriptor, standard)
        linux.close_on_exec_from(3)
        os.execve(settings.argv[0], settings.argv, settings.environment)
    except BaseException:
        os.write(errors, traceback.format_exc().encode()[-4000:])
    finally:
        os._exit(127)


def _report_ready(plan: Plan, listener: socket.socket | None, errors: int) -> None:
    """Hand out what the host and the launcher need of the tenant, by descriptors that its namespaces belong to."""
    files = os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    descriptors = [files, processes, errors, *([] if listener is None else [listener.fileno()])]
    with socket.socket(fileno=plan.report) as report:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        report.sendmsg([b"ready"], rights)
    os.close(files)
    os.close(processes)


def _wait_for(driver: int) -> int:
    """Collect orphans until the driver ends; give its exit code."""
    while True:
        try:
            pid, status = os.wait()
        except OSError as error:
            if error.errno == errno.ECHILD:
                return 0
            raise
        if pid == driver:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
