"""Machine code attacks processes, signals, locks and descriptors: its own, its neighbours', the host's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.native_guest import ask, native, native_pool
from fakes.raw_guest import end_of
from isolatejs.sandbox.engine import find_engine, linked_libraries
from isolatejs.sandbox.launcher import linux
from isolatejs.sandbox.launcher.settings import THREADS_LIMIT
from isolatejs.sandbox.launcher_client import LauncherClient

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import Sandbox

EXECUTE = 59
AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW = 0x1000, 0x100
SECOND_EXECS = {
    "by an absolute path, which ignores the descriptor": f"exec 1000 /engine/deno {AT_EMPTY_PATH}",
    "the same with one flag more": f"exec 1000 /engine/deno {AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}",
    "with high bits in the descriptor": f"exec {1000 | 1 << 32} /engine/deno {AT_EMPTY_PATH}",
    "by the descriptor": f"exec 1000 EMPTY {AT_EMPTY_PATH}",
    "without a path": f"exec 1000 NULL {AT_EMPTY_PATH}",
    "by a relative path": f"exec 1000 deno {AT_EMPTY_PATH}",
    "from the working directory": f"exec -100 engine/deno {AT_EMPTY_PATH}",
    "without the flag": "exec 1000 /engine/deno 0",
    "another descriptor": f"exec 3 EMPTY {AT_EMPTY_PATH}",
    "by /proc": f"exec 1000 /proc/self/exe {AT_EMPTY_PATH}",
    "what is no program": f"exec 1000 /isolatejs/guest/main.js {AT_EMPTY_PATH}",
    "execve": f"callb {EXECUTE} @/engine/deno 0 0",
}


@pytest.mark.parametrize("request_", SECOND_EXECS.values(), ids=SECOND_EXECS.keys())
async def test_nothing_is_executed_a_second_time(sandbox: Sandbox, request_: str) -> None:
    assert await ask(sandbox, request_) in {"ENOSYS", "EPERM"}
    assert await ask(sandbox, "hello") == "hello"


async def test_the_loader_is_not_executed_a_second_time() -> None:
    async with native_pool(static=False) as pool, native(pool) as sandbox:
        (loader, *libraries) = linked_libraries(find_engine(pool._engine_path).path)
        for path in (loader, *libraries, "/engine/deno"):
            assert await ask(sandbox, f"exec 1000 {path} {AT_EMPTY_PATH}") == "ENOSYS"


async def test_the_descriptor_of_the_engine_cannot_be_made_again(sandbox: Sandbox) -> None:
    for number in (1000, 64, 63 + (1 << 32)):
        assert await ask(sandbox, f"make-descriptor {number} /engine/deno") in {
            "EINVAL",
            "EPERM",
            "EMFILE",
            "63",
        }
    dup2, dup3 = 33, 292
    for call in (dup2, dup3):
        assert await ask(sandbox, f"call {call} 0 1000 0") == "EPERM"


PROCESSES = {
    "fork": "call 57",
    "vfork": "call 58",
    "clone of a process": "call 56 17",
    "clone of a process that shares its memory": f"call 56 {0x100 | 0x4000 | 17}",
    "clone with a user namespace": f"call 56 {0x3D0F00 | 0x10000000}",
    "clone with high bits": f"call 56 {17 | 1 << 32}",
    "kill of everybody": "call 62 -1 9",
    "kill of its group": "call 62 0 9",
    "kill of process 2": "call 62 2 9",
    "tgkill of process 2": "call 234 2 2 9",
    "tkill": "call 200 1 9",
    "rt_sigqueueinfo": "callb 129 1 40 @",
    "rt_tgsigqueueinfo": "callb 297 1 1 40 @",
    "pidfd_open": "call 434 1 0",
    "pidfd_send_signal": "call 424 0 9 0 0",
    "ptrace": "call 101 16 1 0 0",
    "process_vm_writev": "callb 311 1 @ 1 @ 1 0",
    "kcmp": "call 312 1 2 0 0 0",
    "timer_create": "callb 222 0 0 @",
    "timerfd_create": "call 283 0 0",
    "setitimer": "callb 38 0 @ 0",
    "alarm": "call 37 1",
    "personality": f"call 135 {0x0040000}",
    "seccomp": "callb 317 1 0 @",
    "prctl: seccomp": "callb 157 22 2 @",
    "prctl: dumpable": "call 157 4 1",
    "prctl: death signal off": "call 157 1 0",
    "prctl: child subreaper": "call 157 36 1",
    "prctl: timer slack": "call 157 29 1",
    "prctl: huge pages again": "call 157 41 0 0 0 0",
    "prctl: ptracer": "call 157 1499557217 -1 0 0 0",
    "sched_setscheduler": "callb 144 0 1 @",
    "sched_setaffinity": "callb 203 0 8 @",
    "setpriority": "call 141 0 0 -20",
    "ioprio_set": "call 251 1 0 0",
    "setpgid": "call 109 0 0",
    "setsid": "call 112",
    "setuid": "call 105 0",
    "capset": "callb 126 @ @",
    "unshare": f"call 272 {0x10000000}",
    "userfaultfd": "call 323 0",
    "memfd_create": "callb 319 @x 0",
    "memfd_secret": "call 447 0",
    "io_uring_setup": "callb 425 1 @",
    "bpf": "callb 321 0 @ 128",
    "perf_event_open": "callb 298 @ 0 -1 -1 0",
    "keyctl": "call 250 0 -3 1",
    "add_key": "callb 248 @user @x @x 1 -3",
    "inotify_init1": "call 294 0",
    "fanotify_init": "call 300 0 0",
    "shmget": "call 29 0 4096 950",
    "semget": "call 64 0 1 950",
    "msgget": "call 68 0 950",
    "mq_open": "callb 240 @x 66 448 0",
    "mlock": "callb 149 @ 4096",
    "mlockall": "call 151 1",
    "signalfd4": "callb 289 -1 @ 8 0",
    "socket": "call 41 1 1 0",
    "sockets that carry packets": "callb 53 1 2 0 @",
    "out-of-band data": "callb 44 1 @ 1 1 0 0",
    "a look at what waits": "callb 45 1 @ 1 2 0 0",
    "limits of another process": "callb 302 1 7 0 @",
    "arch_prctl: no cpuid": "call 158 4114 0",
    "arch_prctl: a shadow stack": "call 158 20481 1",
    "sendmsg: descriptors in flight": "callb 46 1 @ 0",
    "setsockopt: larger buffers": "callb 54 1 1 7 @ 4",
    "shutdown": "call 48 1 2",
    "flock": "call 73 0 2",
    "fcntl: lease": "call 72 0 1024 0",
    "fcntl: owner of signals": "call 72 0 8 1",
    "fcntl: signals": f"call 72 0 4 {0x2000}",
    "fcntl: a pipe of packets": f"call 72 2 4 {0x4000}",
    "fcntl: notes about a directory": "call 72 0 1026 1",
    "fcntl: seals": "call 72 0 1033 1",
    "ioctl: typing on a terminal": "callb 16 0 21522 @",
    "ioctl: signals of a socket": "callb 16 0 35073 @",
    "utimensat": "callb 280 -100 @/dev/null 0 0",
    "chmod": "callb 90 @/sync-replies 511",
    "mincore": "callb 27 @ 4096 @",
    "cachestat": "callb 451 0 @ @ 0",
    "process_madvise": "callb 440 0 @ 1 4 0",
    "futex_waitv": "callb 449 @ 1 0 0 0",
    "landlock again": "callb 444 @ 8 0",
    "name_to_handle_at": "callb 303 -100 @/ @ @ 0",
    "open_by_handle_at": "callb 304 -100 @ 0",
    "openat2": "callb 437 -100 @/ @ 24",
    "x32 read": f"call {0x40000000}",
}


@pytest.mark.parametrize("request_", PROCESSES.values(), ids=PROCESSES.keys())
async def test_refused(sandbox: Sandbox, neighbour: Sandbox, request_: str) -> None:
    assert await ask(sandbox, request_) == "EPERM"
    assert await ask(sandbox, "hello") == "hello"
    assert await ask(neighbour, "hello") == "hello"


async def test_clone3_is_answered_as_unknown(sandbox: Sandbox) -> None:
    for flags in ("88", "64", "0", "-1"):
        assert await ask(sandbox, f"callb 435 @ {flags}") == "ENOSYS"


async def test_signals_to_itself_use_nothing_up_for_the_user_of_the_host(sandbox: Sandbox) -> None:
    before = queued_signals("self")
    assert await ask(sandbox, "flood-signals 5000") == "0 queued, then EAGAIN"
    assert queued_signals("self") <= before + 5
    assert queued_signals(str(sandbox.pid)) <= 5


def queued_signals(process: str) -> int:
    """Signals that wait, of all processes of its user."""
    status = (Path("/proc") / process / "status").read_text()
    return int(status.partition("SigQ:")[2].split()[0].partition("/")[0])


async def test_a_fault_is_still_delivered_with_its_address(pool: EmbeddedPool) -> None:
    async with native(pool) as sandbox:
        assert await ask(sandbox, "trap") == "handled 11 at 0x770000000000"


async def test_threads_are_few(sandbox: Sandbox, neighbour: Sandbox) -> None:
    answer = await ask(sandbox, "bomb-threads")
    assert answer == "" or int(answer.split()[0]) < THREADS_LIMIT
    assert await ask(neighbour, "hello") == "hello"


async def test_a_ring_of_robust_locks_ends(sandbox: Sandbox) -> None:
    assert await ask(sandbox, "robust-list 200") == "ended"


async def test_a_sandbox_that_stops_itself_is_killed_like_others(sandbox: Sandbox) -> None:
    await ask(sandbox, "call 62 1 19")
    sandbox.kill()
    assert (await end_of(sandbox)).reason == "killed"


async def test_locks_tell_no_other_sandbox_anything(pool: EmbeddedPool) -> None:
    async with native_pool() as others, native(pool) as one, native(pool) as beside, native(others) as far:
        for path in ("/engine/deno", "/dev/null", "/isolatejs/guest/main.js"):
            for kind in (0, 1):  # for reading, for writing
                assert (await ask(one, f"lock set {path} {kind} 0 100")).startswith("0 ")
                for other in (one, beside, far):
                    assert await ask(other, f"lock get {path} 1 0 100") == "0 free"
            assert await ask(one, f"lock wait {path} 0 0 100") == "EPERM"
            assert await ask(one, f"lock ofd {path} 0 0 100") == "EPERM"
        assert str(one.pid) not in {line.split()[4] for line in Path("/proc/locks").read_text().splitlines()}


async def test_locks_use_no_memory_of_the_kernel(sandbox: Sandbox) -> None:
    before = len(Path("/proc/locks").read_text().splitlines())
    for start in range(0, 200, 2):
        await ask(sandbox, f"lock set /engine/deno 0 {start} 1")
    assert len(Path("/proc/locks").read_text().splitlines()) < before + 50


async def test_no_open_file_is_shared_with_another_sandbox(pool: EmbeddedPool) -> None:
    """What is set on one is seen by all who share it, so it would be a channel: in one-shot runs, too."""
    async with native(pool) as first, native(pool) as second:
        assert shared(first.pid, second.pid) == []
    client = pool._client
    assert isinstance(client, LauncherClient)
    runs = [await client.spawn(["program", "stay"], one_shot=True) for _ in range(2)]
    try:
        assert shared(runs[0].pid, runs[1].pid) == []
    finally:
        for run in runs:
            await run.aclose()


def shared(first: int, second: int) -> list[int]:
    """Descriptors of two processes behind which is one open file."""
    compared = {number: compare_files(first, second, number) for number in range(3)}
    assert set(compared.values()) <= {0, 1, 2}, "kcmp(2) has to work: it is what this test is about"
    return [number for number, result in compared.items() if result == 0]


def compare_files(first: int, second: int, number: int) -> int:
    return linux.raw_syscall(272 if linux.IS_ARM64 else 312, first, second, 0, number, number)


async def test_descriptors_are_few_and_the_neighbour_has_its_own(
    sandbox: Sandbox, neighbour: Sandbox
) -> None:
    assert int(await ask(sandbox, "descriptors")) < 64
    assert int(await ask(neighbour, "descriptors")) > 32


PATHS = (
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/1/mem",
    "/private",
    "/dev/mem",
    "/tmp",
    "/root",
    "/sys/kernel",
)


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_of_the_machine_is_there(sandbox: Sandbox, path: str) -> None:
    assert await ask(sandbox, f"open {path}") in {"ENOENT", "EACCES"}
    if path != "/private":
        assert await ask(sandbox, f"stat {path}") == "ENOENT"


async def test_the_fifo_is_for_reading_and_for_its_sandbox_alone(sandbox: Sandbox) -> None:
    assert await ask(sandbox, "stat /sync-replies") == "10600"
    assert not (await ask(sandbox, "open /sync-replies 0")).startswith("E")
    for flags in (os.O_WRONLY, os.O_RDWR):
        assert await ask(sandbox, f"open /sync-replies {flags}") == "EACCES"


async def test_the_host_has_no_name(sandbox: Sandbox) -> None:
    assert await ask(sandbox, "hostname") == "sandbox"
    assert await ask(sandbox, "readlink /proc/self/exe") == "/engine/deno"
