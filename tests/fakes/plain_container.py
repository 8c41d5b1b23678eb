"""Runs Python as in a plain container: no namespace can be made; as root, with Docker's default capabilities.

python plain_container.py SCRIPT ARGUMENTS...
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

from isolatejs.sandbox.launcher import linux

DOCKER_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}
REFUSED = (linux.syscall_number("unshare"), linux.syscall_number("mount"), linux.syscall_number("pivot_root"))
NAMESPACE_FLAGS = 0x7E020000


def main() -> None:
    """Put this process in the container's place and become Python again."""
    program = [(0x20, 0, 0, 0)]
    for number in REFUSED:
        program += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050001)]
    program += [(0x15, 0, 3, linux.syscall_number("clone")), (0x20, 0, 0, 16), (0x45, 0, 1, NAMESPACE_FLAGS)]
    program += [(0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    if os.geteuid() != 0:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.load_seccomp(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    if os.geteuid() == 0:
        for capability in set(range(41)) - DOCKER_CAPABILITIES:
            linux.prctl(linux.PR_CAPBSET_DROP, capability)
        mask = sum(1 << capability for capability in DOCKER_CAPABILITIES)
        header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
        sets = ctypes.create_string_buffer(struct.pack("6I", mask, mask, 0, 0, 0, 0), 24)
        linux.raw_syscall(linux.syscall_number("capset"), header, sets)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
