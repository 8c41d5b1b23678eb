"""Every system call that a sandbox may make, and who needs it. What is not here is refused with EPERM.

Numbers are (x86-64, arm64); None where a machine has no such call. A condition looks at arguments.
Nothing here writes to a file system, opens a socket, makes a process or touches another one.
To find out what an engine update needs: `strace -f`, then add the call with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENGINE_DESCRIPTOR: Final = 1000
"""The engine's open file. Above the limit of open files: after the one exec nothing can have this number."""
AT_EMPTY_PATH: Final = 0x1000
THREAD_FLAGS: Final = 0x3D0F00
"""What glibc's pthread_create passes to clone: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, two TIDs."""
THREAD_FLAGS_MUSL: Final = THREAD_FLAGS | 0x400000
MAP_SHARED_ANONYMOUS: Final = 0x21
MAP_GROWSDOWN: Final = 0x100
MAP_HUGETLB: Final = 0x40000
O_ASYNC: Final = 0x2000
O_DIRECT: Final = 0x14000
"""On x86-64 0x4000, on arm64 0x10000; the other one's bit is O_DIRECTORY or O_LARGEFILE, which F_SETFL ignores."""
OWN_PID: Final = "own pid"
NULL: Final = "null"


@dataclass(frozen=True)
class Argument:
    """Argument `index` has one of `values` in its low 32 bits. NULL compares all 64, OWN_PID the caller's.

    Instead of `values`: with `without` it does not have all of these bits, with `none_of` not one of them.
    """

    index: int
    values: tuple[int, ...] | str = ()
    without: int = 0
    none_of: int = 0


@dataclass(frozen=True)
class Rule:
    """One allowed call; all of `arguments` must hold."""

    name: str
    numbers: tuple[int | None, int | None]
    reason: str
    arguments: tuple[Argument, ...] = ()
    pretended: bool = False
    """Not made: the caller is told that it went well."""
    pretended_in_the_open: bool = False
    """The same where the sandbox is not in namespaces of its own: the call would tell about the machine."""


ALLOWED: Final = (
    # memory
    Rule(
        "mmap",
        (9, 222),
        "allocators; pages of V8's compilers; no shared anonymous memory, no stacks that grow (MAP_GROWSDOWN), "
        "no huge pages of the machine's (MAP_HUGETLB): no limit counts them",
        (Argument(3, without=MAP_SHARED_ANONYMOUS), Argument(3, none_of=MAP_GROWSDOWN | MAP_HUGETLB)),
    ),
    Rule("munmap", (11, 215), "every allocator"),
    Rule("mremap", (25, 216), "realloc of large blocks"),
    Rule("mprotect", (10, 226), "V8 commits its reserved pages and seals code"),
    Rule(
        "madvise",
        (28, 233),
        "V8 gives pages back (DONTNEED, FREE) and marks its own (DONTFORK, DONTDUMP, DODUMP); no huge pages, no "
        "merging with those of others, no guards that only fill page tables",
        (Argument(2, (4, 8, 10, 16, 17)),),
    ),
    Rule("brk", (12, 214), "malloc"),
    Rule("pkey_alloc", (330, 289), "V8 protects code pages with memory keys"),
    Rule("pkey_mprotect", (329, 288), "V8 protects code pages with memory keys"),
    Rule("pkey_free", (331, 290), "V8 protects code pages with memory keys"),
    Rule("membarrier", (324, 283), "V8 publishes new code to its other threads"),
    # threads and scheduling
    Rule(
        "clone", (56, 220), "new threads; no new process", (Argument(0, (THREAD_FLAGS, THREAD_FLAGS_MUSL)),)
    ),
    Rule("futex", (202, 98), "every lock; Atomics.wait"),
    Rule("set_robust_list", (273, 99), "start of a thread"),
    Rule("rseq", (334, 293), "start of a thread"),
    Rule("set_tid_address", (218, 96), "start of the process"),
    Rule(
        "arch_prctl",
        (158, None),
        "thread-local storage at the start of the process (ARCH_SET_FS, ARCH_GET_FS)",
        (Argument(0, (0x1002, 0x1003)),),
    ),
    Rule("gettid", (186, 178), "locks that know their owner"),
    Rule("sched_yield", (24, 124), "spinning locks"),
    Rule("sched_getaffinity", (204, 123), "number of processors for the thread pools", (Argument(0, (0,)),)),
    Rule(
        "sched_getaffinity",
        (204, 123),
        "pthread_getattr_np: V8 looks for the stack's end; in the open it would tell which processes there are",
        pretended_in_the_open=True,
    ),
    Rule("sched_getscheduler", (145, 120), "as above: pthread_getattr_np", pretended_in_the_open=True),
    Rule("sched_getparam", (143, 121), "as above: pthread_getattr_np", pretended_in_the_open=True),
    Rule("getcpu", (309, 168), "allocators with an arena per processor"),
    Rule("exit", (60, 93), "end of a thread"),
    Rule("exit_group", (231, 94), "end of the process"),
    # the channel and descriptors
    Rule("read", (0, 63), "the channel; files of the guest image"),
    Rule("readv", (19, 65), "the channel"),
    Rule("pread64", (17, 67), "loader"),
    Rule("write", (1, 64), "the channel; stderr; eventfd"),
    Rule("writev", (20, 66), "the channel; stderr"),
    Rule("close", (3, 57), "descriptors"),
    Rule("lseek", (8, 62), "the engine asks whether its standard streams are files"),
    Rule(
        "fcntl",
        (72, 25),
        "copies and flags of descriptors; whether a file is locked (SQLite asks); no owner, lease or signal",
        (Argument(1, (0, 1, 2, 3, 5, 1030)),),
    ),
    Rule(
        "fcntl",
        (72, 25),
        "F_SETFL: non-blocking streams; no signals (O_ASYNC), no packets in pipes (O_DIRECT)",
        (Argument(1, (4,)), Argument(2, none_of=O_ASYNC | O_DIRECT)),
    ),
    Rule(
        "fcntl",
        (72, 25),
        "F_SETLK: SQLite locks what it reads. Locks on shared files would be a channel between sandboxes, and "
        "memory of the kernel without a limit; nobody writes to a file, so none is needed",
        (Argument(1, (6,)),),
        pretended=True,
    ),
    Rule(
        "ioctl",
        (16, 29),
        "is it a terminal (TCGETS, TIOCGWINSZ), non-blocking (FIONBIO), close-on-exec (FIOCLEX)",
        (Argument(1, (0x5401, 0x5413, 0x5421, 0x5451)),),
    ),
    Rule("eventfd2", (290, 19), "wakes the event loop"),
    Rule("epoll_create1", (291, 20), "event loop"),
    Rule("epoll_ctl", (233, 21), "event loop"),
    Rule("epoll_wait", (232, None), "event loop"),
    Rule("epoll_pwait", (281, 22), "event loop"),
    Rule("poll", (7, None), "Rust checks the standard streams at start"),
    Rule("ppoll", (271, 73), "Rust checks the standard streams at start"),
    Rule(
        "socketpair",
        (53, 199),
        "the pipe for signals of the engine's event loop: AF_UNIX, SOCK_STREAM, with and without NONBLOCK and CLOEXEC",
        (Argument(0, (1,)), Argument(1, (0x1, 0x801, 0x80001, 0x80801))),
    ),
    Rule(
        "recvfrom",
        (45, 207),
        "reads that pipe; no address, no flag but MSG_DONTWAIT (MSG_OOB and MSG_PEEK have had holes)",
        (Argument(3, (0, 0x40)), Argument(4, NULL)),
    ),
    Rule(
        "sendto",
        (44, 206),
        "writes that pipe; no address, no flag but MSG_NOSIGNAL and MSG_DONTWAIT",
        (Argument(3, (0, 0x40, 0x4000, 0x4040)), Argument(4, NULL)),
    ),
    # files, within the empty root and Landlock, all read-only
    Rule("openat", (257, 56), "loader, guest image, FIFO for synchronous replies, /dev/urandom"),
    Rule("stat", (4, None), "loader, module resolution"),
    Rule("lstat", (6, None), "module resolution"),
    Rule("fstat", (5, 80), "loader, files"),
    Rule("newfstatat", (262, 79), "loader, module resolution"),
    Rule("statx", (332, 291), "module resolution"),
    Rule("access", (21, None), "loader"),
    Rule("faccessat", (269, 48), "loader"),
    Rule("readlink", (89, None), "module resolution"),
    Rule("readlinkat", (267, 78), "module resolution"),
    Rule("getcwd", (79, 17), "the engine's working directory"),
    # signals to itself
    Rule("rt_sigaction", (13, 134), "crash handlers, SIGPIPE"),
    Rule("rt_sigprocmask", (14, 135), "start of a thread"),
    Rule("rt_sigreturn", (15, 139), "return from a handler"),
    Rule("sigaltstack", (131, 132), "stack overflow handler"),
    Rule("restart_syscall", (219, 128), "a sleep after a stop"),
    Rule("tgkill", (234, 131), "abort()", (Argument(0, OWN_PID),)),
    Rule("kill", (62, 129), "process.kill(process.pid)", (Argument(0, OWN_PID),)),
    # clocks, randomness, identity
    Rule("clock_gettime", (228, 113), "clocks where the vDSO cannot answer"),
    Rule("clock_getres", (229, 114), "clocks"),
    Rule("clock_nanosleep", (230, 115), "sleeping threads"),
    Rule("nanosleep", (35, 101), "sleeping threads"),
    Rule("gettimeofday", (96, 169), "clocks where the vDSO cannot answer"),
    Rule("getrandom", (318, 278), "randomness"),
    Rule("getpid", (39, 172), "process.pid; abort()"),
    Rule("getppid", (110, 173), "process.ppid"),
    Rule("getuid", (102, 174), "loader, Deno.uid"),
    Rule("geteuid", (107, 175), "loader"),
    Rule("getgid", (104, 176), "loader, Deno.gid"),
    Rule("getegid", (108, 177), "loader"),
    Rule(
        "uname",
        (63, 160),
        "process.version and the like; a UTS namespace hides the host's name",
        pretended_in_the_open=True,  # refused, V8 would end; it takes nothing for a kernel that it does not know
    ),
    Rule("sysinfo", (99, 179), "V8 sizes its heap by physical memory"),
    Rule("getrusage", (98, 165), "process.cpuUsage, performance"),
    Rule("getrlimit", (97, 163), "V8 sizes its stack"),
    Rule("prlimit64", (302, 261), "asks for an own limit; sets none", (Argument(0, (0,)), Argument(2, NULL))),
    Rule(
        "prctl",
        (157, 167),
        "names of threads (PR_SET_NAME, PR_GET_NAME) and of memory (PR_SET_VMA)",
        (Argument(0, (15, 16, 0x53564D41)),),
    ),
    # the one exec
    Rule(
        "execveat",
        (322, 281),
        "starts the engine, once: see ENGINE_DESCRIPTOR, and build_exec_guard for an absolute path, beside which "
        "the kernel ignores the descriptor",
        (Argument(0, (ENGINE_DESCRIPTOR,)), Argument(4, (AT_EMPTY_PATH,))),
    ),
)

UNKNOWN: Final = (
    Rule(
        "clone3", (435, 435), "answered with ENOSYS so that libc falls back to clone, whose flags can be read"
    ),
)
"""Refused with ENOSYS instead of EPERM."""
