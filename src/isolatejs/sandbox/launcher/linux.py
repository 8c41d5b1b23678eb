"""The Linux system calls that Python has no binding for. All ctypes of the library is in this file.

Every function raises OSError with the call's name, and none of them decides anything: policy is in
`child.py`, `root.py` and `seccomp_rules.py`. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import signal
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# PyDLL keeps the interpreter lock during a call: a raw clone must not let the lock change hands.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

MACHINE: Final = platform.machine()
IS_X86_64: Final = MACHINE == "x86_64"
IS_ARM64: Final = MACHINE in {"aarch64", "arm64"}

# name: (x86-64, arm64)
_NUMBERS: Final = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "prlimit64": (302, 261),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "unshare": (272, 97),
    "setns": (308, 268),
    "prctl": (157, 167),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "seccomp": (317, 277),
    "execveat": (322, 281),
    "mount_setattr": (442, 442),
    "sethostname": (170, 161),
    "close_range": (436, 436),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

CLONE_PIDFD: Final = 0x00001000
CLONE_INTO_CGROUP: Final = 0x200000000
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_CAPBSET_DROP: Final = 24
PR_SET_SECUREBITS: Final = 28
PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_THP_DISABLE: Final = 41
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

AT_EMPTY_PATH: Final = 0x1000
AT_FDCWD: Final = -100
AT_RECURSIVE: Final = 0x8000
MOUNT_ATTR_RDONLY: Final = 1
MOUNT_ATTR_NOSUID: Final = 2
MOUNT_ATTR_NODEV: Final = 4
MOUNT_ATTR_NOEXEC: Final = 8
SECCOMP_SET_MODE_FILTER: Final = 1
SECCOMP_FILTER_FLAG_NEW_LISTENER: Final = 8
SECCOMP_USER_NOTIF_FLAG_CONTINUE: Final = 1
_NOTIF_RECV: Final = 0xC0502100
_NOTIF_SEND: Final = 0xC0182101
LANDLOCK_CREATE_RULESET_VERSION: Final = 1
LANDLOCK_RULE_PATH_BENEATH: Final = 1

_Argument = int | bytes | None | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_char_p]


def syscall_number(name: str) -> int:
    """The number of one of the calls above on this machine."""
    if not (IS_X86_64 or IS_ARM64):
        raise OSError(errno.ENOSYS, f"no system call table for {MACHINE}", name)
    return _NUMBERS[name][0 if IS_X86_64 else 1]


def raw_syscall(number: int, *arguments: _Argument) -> int:
    """Call `number`; return its result, or minus errno."""
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    ctypes.set_errno(0)
    result: int = _libc.syscall(ctypes.c_long(number), *converted)
    return -ctypes.get_errno() if result == -1 else result


def _call(name: str, *arguments: _Argument) -> int:
    result = raw_syscall(syscall_number(name), *arguments)
    if result < 0:
        raise OSError(-result, f"{name}: {os.strerror(-result)}")
    return result


def clone(flags: int) -> tuple[int, int]:
    """Fork with namespaces: (0, -1) in the child, (pid, pidfd) in the parent.

    The caller must be single-threaded. The pidfd is close-on-exec.
    """
    pidfd = ctypes.create_string_buffer(struct.pack("i", -1), 4)
    result = _call("clone", flags | CLONE_PIDFD | signal.SIGCHLD, 0, pidfd, 0, 0)
    if result == 0:
        return 0, -1
    return result, struct.unpack("i", pidfd.raw)[0]


def clone_into(flags: int, cgroup: int) -> tuple[int, int]:
    """`clone`, with the child in the cgroup v2 of an open directory from its first moment (Linux 5.7)."""
    pidfd = ctypes.create_string_buffer(struct.pack("i", -1), 4)
    arguments = struct.pack(
        "11Q",
        *(flags | CLONE_PIDFD | CLONE_INTO_CGROUP, ctypes.addressof(pidfd), 0, 0, signal.SIGCHLD),
        *(0, 0, 0, 0, 0, cgroup),
    )
    result = _call("clone3", ctypes.create_string_buffer(arguments, 88), 88)
    if result == 0:
        return 0, -1
    return result, struct.unpack("i", pidfd.raw)[0]


def can_clone(flags: int) -> bool:
    """Whether a process with these namespaces can be made here."""
    try:
        pid, pidfd = clone(flags)
    except OSError:
        return False
    if pid == 0:
        os._exit(0)
    os.close(pidfd)
    os.waitpid(pid, 0)
    return True


def succeeds(attempt: Callable[[], None]) -> bool:
    """Whether something works, tried in a child process that ends afterwards."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            attempt()
            status = 0
        except OSError:
            pass  # the answer is no
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones."""
    _call("unshare", flags)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    _call(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        None if kind is None else kind.encode(),
        flags,
        None if data is None else data.encode(),
    )


def unmount_detached(target: str) -> None:
    """umount2(2) with MNT_DETACH."""
    _call("umount2", os.fsencode(target), MNT_DETACH)


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    _call("pivot_root", os.fsencode(new_root), os.fsencode(put_old))


def set_mount_attributes(target: str, attributes: int) -> None:
    """Add MOUNT_ATTR_* flags to the mount at `target`; the flags that it has stay (mount_setattr(2))."""
    value = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0), 32)
    _call("mount_setattr", AT_FDCWD, os.fsencode(target), 0, value, 32)


@contextlib.contextmanager
def file_ids(uid: int, gid: int) -> Iterator[None]:
    """For the calling thread of a root process: files are opened and created as this user (setfsuid(2))."""
    group = _call("setfsgid", gid)
    user = _call("setfsuid", uid)
    try:
        yield
    finally:
        _call("setfsuid", user)
        _call("setfsgid", group)


def prctl(option: int, argument: int = 0, second: int = 0) -> int:
    """prctl(2) with integer arguments."""
    result: int = _libc.prctl(option, argument, second, 0, 0)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")
    return result


def set_limit(pid: int, resource: int, soft: int, hard: int) -> None:
    """Set a resource limit of another process. -1 means none."""
    value = ctypes.create_string_buffer(struct.pack("qq", soft, hard), 16)
    _call("prlimit64", pid, resource, value, None)


def set_host_name(name: str) -> None:
    """sethostname(2), for the current UTS namespace."""
    _call("sethostname", name.encode(), len(name))


def drop_bounding_set() -> None:
    """Empty the bounding set. Without CAP_SETPCAP it stays, and no_new_privs voids what is in it."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.EPERM}:  # past the last one, or not allowed
                return
            raise


def drop_capabilities() -> None:
    """Empty the ambient, inheritable, permitted and effective sets of the calling process."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
    _call("capset", header, ctypes.create_string_buffer(24))


def load_seccomp(program: bytes) -> None:
    """Install a classic BPF program (8 bytes an instruction) as the seccomp filter of this process."""
    _load_seccomp(program, 0)


def load_seccomp_and_listen(program: bytes) -> int:
    """The same; returns the descriptor that hears of SECCOMP_RET_USER_NOTIF, close-on-exec (Linux 5.5)."""
    return _load_seccomp(program, SECCOMP_FILTER_FLAG_NEW_LISTENER)


def _load_seccomp(program: bytes, flags: int) -> int:
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(instructions))
    return _call("seccomp", SECCOMP_SET_MODE_FILTER, flags, ctypes.create_string_buffer(header, 16))


def let_one_pass(listener: int) -> None:
    """Let the call that waits at a listener go on as if there were no listener."""
    notification = bytearray(80)
    fcntl.ioctl(listener, _NOTIF_RECV, notification)
    (id,) = struct.unpack_from("Q", notification)
    fcntl.ioctl(
        listener, _NOTIF_SEND, bytearray(struct.pack("QqiI", id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE))
    )


def processor_clock(pid: int) -> int:
    """The clock of the processor time that all threads of a process have used (clock_getcpuclockid(3))."""
    return ~pid << 3 | 2


def landlock_version() -> int:
    """The Landlock ABI of the kernel, 0 where there is none."""
    result = raw_syscall(syscall_number("landlock_create_ruleset"), None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    return max(result, 0)


def landlock_create(attributes: bytes) -> int:
    """A new ruleset's descriptor, from a packed struct landlock_ruleset_attr."""
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    descriptor = _call("landlock_create_ruleset", buffer, len(attributes), 0)
    os.set_inheritable(descriptor, False)
    return descriptor


def landlock_allow(ruleset: int, access: int, path_descriptor: int) -> None:
    """Allow `access` at and below what `path_descriptor` refers to."""
    rule = ctypes.create_string_buffer(struct.pack("=Qi", access, path_descriptor), 12)
    _call("landlock_add_rule", ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)


def landlock_restrict(ruleset: int) -> None:
    """Put the calling process under a ruleset, for good."""
    _call("landlock_restrict_self", ruleset, 0)


def close_on_exec_from(first: int) -> None:
    """Mark every descriptor from `first` on as close-on-exec (close_range(2), CLOSE_RANGE_CLOEXEC)."""
    _call("close_range", first, 0xFFFFFFFF, 4)


def execute_descriptor(
    descriptor: int, argv: list[str], environment: dict[str, str], *, path: str = ""
) -> None:
    """execveat(2) of an open file; `path` is not empty only where an attack is tried. Returns only by raising."""
    encoded_argv = [os.fsencode(item) for item in argv]
    encoded_environment = [os.fsencode(f"{key}={value}") for key, value in environment.items()]
    argv_array = (ctypes.c_char_p * (len(encoded_argv) + 1))(*encoded_argv, None)
    environment_array = (ctypes.c_char_p * (len(encoded_environment) + 1))(*encoded_environment, None)
    _call("execveat", descriptor, os.fsencode(path), argv_array, environment_array, AT_EMPTY_PATH)
