"""What happens in a sandbox process between its clone and the engine: the wall, in the order that holds.

Nothing here returns to the launcher's loop: the process executes the engine or exits. The order matters:
mounts need capabilities, so they come before the drop; Landlock and seccomp need no_new_privs, so they come
after it; death with the launcher is armed again after a change of uid, which clears it.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import struct
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import landlock, linux, probe, root
from .seccomp_filter import build_exec_guard, build_filter
from .seccomp_rules import ENGINE_DESCRIPTOR
from .settings import ENVIRONMENT, THREADS_LIMIT
from .wall import UNPRIVILEGED_ID, Wall

if TYPE_CHECKING:
    import select

    from .settings import Settings

INNER_ID = 65534
"""What a sandbox sees as its uid and gid."""
WORKSPACE_LIMIT_BYTES = 256 * 1024 * 1024
"""Sources and the declarations of their packages; the host's own limits are below this."""
WORKSPACE_FILES_LIMIT = 65_536
OPEN_FILES_LIMIT = 64
"""The engine has 20. Each is memory of the kernel's that no limit counts: 200 kB where it is a socket, and with
n of them an attacker makes n**3/4 entries of epolls, of 170 bytes."""
STACK_LIMIT_BYTES = 8 * 1024 * 1024
"""What is usual. Stacks are not in RLIMIT_DATA, and the host may have none."""
ADDRESS_SPACE_LIMIT_BYTES = 256 * 1024**3
"""An engine reserves 50 GB while it starts and 4-10 GB for each WebAssembly memory, without using them. Page tables
for all of this would be 512 MB; the watchdog counts them, this holds while it cannot look."""
FILTER_OF_PID_1 = build_filter(1)
"""Built once: it takes as long as everything else here together."""
EXEC_GUARD = build_exec_guard()


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
    """What is written is why the sandbox cannot start; its end without a word is the exec. A descriptor that comes
    along is the listener of EXEC_GUARD."""
    files: dict[str, bytes]
    workspace: bool
    """Give it a directory that the host writes and the engine only reads."""
    sync_replies: int
    launcher_gone: select.poll
    """Readable once the launcher has died."""
    proc: int
    place: root.Root
    rules: landlock.Rules | None
    uid: int | None
    """Whom it has to become, where no user namespace makes it nobody."""
    own_uid: bool
    """No other process has that id."""
    filling: bool
    """Run the kernel without a program, unconfined but for the namespaces, to fill the cache of its code."""
    probing: bool
    sweep: bool


def run(plan: Plan, settings: Settings) -> None:
    """Set the wall up and become the engine (or, probing, try what is forbidden). Never returns."""
    wall = Wall(settings.confinement)
    try:
        _die_with_launcher(plan)
        if plan.namespaces & linux.CLONE_NEWUSER:
            _map_ids(plan.proc)
        if plan.namespaces & linux.CLONE_NEWUTS:
            linux.set_host_name("sandbox")
        more_rules = _place_sync_replies(plan) + _place_files(plan) + _place_workspace(plan)
        for descriptor, standard in ((plan.stdin, 0), (plan.stdout, 1), (plan.stderr, 2)):
            os.dup2(descriptor, standard)
        wall.apply("closed descriptors", lambda: linux.close_on_exec_from(3))
        _volunteer_for_the_oom_killer(plan.proc)
        if plan.filling:
            _fill_cache(plan)
        wall.apply("resource limits", lambda: _limit_resources(plan))
        # Before the uid, whose change takes CAP_SETPCAP away.
        wall.apply("bounding set", linux.drop_bounding_set)
        wall.apply("unprivileged user", lambda: _become_unprivileged(plan))
        wall.apply("capabilities", linux.drop_capabilities)
        wall.apply("no new privileges", _forbid_new_privileges)
        wall.apply("landlock", lambda: _restrict_files(plan, more_rules))
        wall.apply_optional("single exec", lambda: _guard_exec(plan))
        wall.apply("seccomp", lambda: _filter_calls(plan))
        if plan.probing:
            plan.report.close()
            probe.report(wall.statuses, (plan.place.engine, *plan.place.libraries), sweep=plan.sweep)
        else:
            linux.execute_descriptor(ENGINE_DESCRIPTOR, list(plan.argv), _environment(plan))
    except BaseException:
        plan.report.send(traceback.format_exc().encode()[-4000:])
    finally:
        os._exit(127)


def _environment(plan: Plan) -> dict[str, str]:
    return {**ENVIRONMENT, "DENO_DIR": root.CACHE} if plan.place.cached else ENVIRONMENT


def _fill_cache(plan: Plan) -> None:
    """Become an engine that may write its cache; the host gets its directory through the channel.

    No program runs here, only the files of the image, so the rest of the wall is not needed.
    """
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("cache", root.WORK, "tmpfs", flags, "size=64m,mode=755")
    directory = os.open(root.WORK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with socket.socket(fileno=os.dup(1)) as channel:
        channel.sendmsg([b"c"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", directory))])
    linux.drop_capabilities()
    _forbid_new_privileges()
    linux.execute_descriptor(ENGINE_DESCRIPTOR, list(plan.argv), {**ENVIRONMENT, "DENO_DIR": root.WORK})


def _die_with_launcher(plan: Plan) -> None:
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if plan.launcher_gone.poll(0):  # it died before the line above
        os._exit(1)


def _map_ids(proc: int) -> None:
    # After the launcher's change of uid, /proc/self is not ours without.
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{INNER_ID} 0 1"),
        ("gid_map", f"{INNER_ID} 0 1"),
    ):
        _write_proc(proc, name, content)


def _write_proc(proc: int, name: str, content: str) -> None:
    descriptor = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    try:
        os.write(descriptor, content.encode())
    finally:
        os.close(descriptor)


def _place_sync_replies(plan: Plan) -> tuple[tuple[int, int], ...]:
    """Bind the FIFO to its place, or return the rule that lets the guest read it where it is."""
    if plan.place.real is not None:
        os.chdir("/")
        return ((plan.sync_replies, landlock.READ_FILE),)
    linux.mount(f"{root.PRIVATE}/{plan.id}", root.SYNC_REPLIES, None, linux.MS_BIND)
    linux.mount(
        root.WORK, root.PRIVATE, None, linux.MS_BIND
    )  # hides the FIFOs of others behind an empty directory
    os.chdir("/")
    return ()


def _place_files(plan: Plan) -> tuple[tuple[int, int], ...]:
    """Input files of a one-shot run; they become its working directory."""
    if not plan.files:
        return ()
    if plan.place.real is None:
        size = sum(len(content) + 8192 for content in plan.files.values()) + 16384
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount(
            "work", root.WORK, "tmpfs", flags, f"size={size},nr_inodes={len(plan.files) * 8 + 16},mode=755"
        )
    work = Path(root.WORK if plan.place.real is None else f"{plan.place.real}/{plan.id}/work")
    for name, content in plan.files.items():
        file = work / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    os.chdir(work)
    return ((os.open(".", os.O_PATH | os.O_CLOEXEC), landlock.READ_FILE | landlock.READ_DIR),)


def _place_workspace(plan: Plan) -> tuple[tuple[int, int], ...]:
    """An empty directory, the engine's working directory. The host gets it through the channel, ahead of all else.

    The engine sees it through a second mount, which is read-only; the host's descriptor belongs to the first.
    """
    if not plan.workspace:
        return ()
    place = root.WORK if plan.place.real is None else f"{plan.place.real}/{plan.id}/work"
    if plan.place.real is None:
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        options = f"size={WORKSPACE_LIMIT_BYTES},nr_inodes={WORKSPACE_FILES_LIMIT},mode=755"
        linux.mount("workspace", place, "tmpfs", flags, options)
    else:
        Path(place).mkdir(mode=0o755)
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if plan.place.real is None:
        linux.mount(place, place, None, linux.MS_BIND)
        linux.set_mount_attributes(place, linux.MOUNT_ATTR_RDONLY)
    os.chdir(place)
    name = place.encode()
    with socket.socket(fileno=os.dup(plan.stdout)) as channel:
        descriptors = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", directory))]
        channel.sendmsg([struct.pack("!H", len(name)) + name], descriptors)
    return ((os.open(".", os.O_PATH | os.O_CLOEXEC), landlock.READ_FILE | landlock.READ_DIR),)


def _volunteer_for_the_oom_killer(proc: int) -> None:
    """When the machine runs out of memory, a sandbox goes before the host."""
    _write_proc(proc, "oom_score_adj", "1000")


def _limit_resources(plan: Plan) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES_LIMIT,
        resource.RLIMIT_AS: ADDRESS_SPACE_LIMIT_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_RTPRIO: 0,
        # Queued signals count for the host's user. What the engine needs is delivered without a queue.
        resource.RLIMIT_SIGPENDING: 0,
    }
    if (
        plan.own_uid or plan.namespaces & linux.CLONE_NEWUSER
    ):  # elsewhere the count is shared by all processes of the uid
        limits[resource.RLIMIT_NPROC] = THREADS_LIMIT
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
    stack = min(
        filter(lambda limit: limit >= 0, (STACK_LIMIT_BYTES, *resource.getrlimit(resource.RLIMIT_STACK)))
    )
    resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
    linux.prctl(
        linux.PR_SET_THP_DISABLE, 1
    )  # whole megabytes at a touch are too fast for the looks at memory


def _become_unprivileged(plan: Plan) -> None:
    """Leave uid 0 where no user namespace did that."""
    if plan.uid is None:
        return
    os.setgroups([])
    os.setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    os.setresuid(plan.uid, plan.uid, plan.uid)
    _die_with_launcher(plan)


def _forbid_new_privileges() -> None:
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def _guard_exec(plan: Plan) -> None:
    """Have the launcher let one exec pass, and no other."""
    listener = linux.load_seccomp_and_listen(EXEC_GUARD)
    socket.send_fds(plan.report, [b"g"], [listener])
    os.close(listener)


def _filter_calls(plan: Plan) -> None:
    own_pid = 1 if plan.namespaces & linux.CLONE_NEWPID else os.getpid()
    in_the_open = own_pid != 1 or not plan.namespaces & linux.CLONE_NEWUTS
    if not in_the_open:
        linux.load_seccomp(FILTER_OF_PID_1)
    else:
        linux.load_seccomp(build_filter(own_pid, in_the_open=in_the_open))


def _restrict_files(plan: Plan, more_rules: tuple[tuple[int, int], ...]) -> None:
    if plan.rules is None:
        raise OSError(
            errno.ENOSYS, "no Landlock: it needs Linux 5.13 with `landlock` among its security modules"
        )
    plan.rules.restrict(more_rules)
