"""Two Linux system calls that `os` lacks: openat2(2) and fstatfs(2). The only ctypes of this capability.

`openat2` lets the kernel itself keep a path below a directory: with RESOLVE_BENEATH no `..`, symlink or
absolute path leaves it, whatever other processes do meanwhile; RESOLVE_NO_MAGICLINKS refuses the links of
/proc. It exists since Linux 5.6; containers with an old seccomp profile answer EPERM or ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from typing import Final

RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_BENEATH: Final = 0x08

_OPENAT2_NUMBER: Final = 437  # the same on every architecture
_AGAIN_TRIES: Final = 64

_KERNEL_INTERFACES: Final = frozenset(
    {
        0x9FA0,  # proc
        0x62656572,  # sysfs
        0x64626720,  # debugfs
        0x74726163,  # tracefs
        0x73636673,  # securityfs
        0x27E0EB,  # cgroup
        0x63677270,  # cgroup2
        0x1CD1,  # devpts
        0xCAFE4A11,  # bpf
        0x19800202,  # mqueue
    }
)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@functools.cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.syscall.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.POINTER(_OpenHow),
        ctypes.c_size_t,
    )
    libc.fstatfs.restype = ctypes.c_int
    libc.fstatfs.argtypes = (ctypes.c_int, ctypes.c_char_p)
    return libc


def openat2(dir_fd: int, path: bytes, flags: int, mode: int = 0) -> int:
    """A descriptor of `path` (relative) that is below `dir_fd`; close-on-exec.

    Raises OSError; EXDEV means that the path leaves the directory. A concurrent rename makes the kernel
    answer EAGAIN, which is tried again.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    call = _libc().syscall
    for _ in range(_AGAIN_TRIES):
        fd: int = call(_OPENAT2_NUMBER, dir_fd, path, how, ctypes.sizeof(how))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        if number not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(number, os.strerror(number))


@functools.cache
def has_openat2() -> bool:
    """Whether this kernel, and the seccomp profile we run under, answer openat2."""
    if not sys.platform.startswith("linux"):
        return False
    probe = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(openat2(probe, b".", os.O_PATH | os.O_DIRECTORY))
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG):
            return False
        raise
    finally:
        os.close(probe)
    return True


def is_kernel_interface(fd: int) -> bool:
    """Whether it is in proc, sysfs or another file system whose files are doors into the kernel."""
    if not sys.platform.startswith("linux"):
        return False
    buffer = ctypes.create_string_buffer(256)
    if _libc().fstatfs(fd, buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int.from_bytes(buffer.raw[:8], sys.byteorder) & 0xFFFFFFFF in _KERNEL_INTERFACES
