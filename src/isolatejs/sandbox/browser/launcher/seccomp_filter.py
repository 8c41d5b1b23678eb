"""Turns the rules into a classic BPF program for seccomp (linux/filter.h, linux/seccomp.h)."""

from __future__ import annotations

import errno
import struct
from typing import Final

from ...launcher import linux
from .seccomp_rules import AF_NETLINK, LAST_KNOWN_CALL, NETLINK_ROUTE, REFUSED, SOCKET, SOCKET_FAMILIES

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_GREATER: Final = 0x25  # BPF_JMP | BPF_JGT | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL_PROCESS: Final = 0x80000000
_NUMBER_OFFSET: Final = 0
_ARCHITECTURE_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16
_AUDIT: Final = (0xC000003E, 0xC00000B7)

_Instruction = tuple[int, int, int, int]


def build_filter(*, arm64: bool = linux.IS_ARM64) -> bytes:
    """The filter of every process of a tenant. Another architecture's calls kill the process."""
    column = 1 if arm64 else 0
    refused = [
        number
        for refusal in REFUSED
        for numbers in refusal.calls.values()
        if (number := numbers[column]) is not None
    ]
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, _AUDIT[column]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_GREATER, 0, 1, LAST_KNOWN_CALL),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in refused:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    program += _socket_rule(SOCKET[column])
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _socket_rule(number: int) -> list[_Instruction]:
    """socket(2) with these families alone, and of netlink the routing protocol alone."""
    body: list[_Instruction] = [(_LOAD, 0, 0, _ARGUMENTS_OFFSET)]
    others = [family for family in SOCKET_FAMILIES if family != AF_NETLINK]
    for index, family in enumerate(others):
        body.append((_JUMP_EQUAL, len(others) - index + 2, 0, family))
    body += [
        (_JUMP_EQUAL, 0, 3, AF_NETLINK),
        (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 16),
        (_JUMP_EQUAL, 0, 1, NETLINK_ROUTE),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
    ]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]
