"""Turns the rules into a classic BPF program for seccomp (linux/filter.h, linux/seccomp.h)."""

from __future__ import annotations

import errno
import struct
from typing import Final

from . import linux
from .seccomp_rules import ALLOWED, NULL, OWN_PID, UNKNOWN, Argument, Rule

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_GREATER_EQUAL: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL_PROCESS: Final = 0x80000000

_NUMBER_OFFSET: Final = 0
_ARCHITECTURE_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16
_AUDIT_X86_64: Final = 0xC000003E
_AUDIT_ARM64: Final = 0xC00000B7
_X32_BIT: Final = 0x40000000

_Instruction = tuple[int, int, int, int]


def build_filter(own_pid: int, *, arm64: bool = linux.IS_ARM64) -> bytes:
    """The filter for a process whose own pid (in its namespace) is `own_pid`.

    Another architecture's calls kill the process; x32 calls and whatever no rule allows get EPERM.
    """
    column = 1 if arm64 else 0
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARM64 if arm64 else _AUDIT_X86_64),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]
    for rule in sorted(
        ALLOWED, key=lambda rule: bool(rule.arguments)
    ):  # the frequent calls have no condition
        number = rule.numbers[column]
        if number is None:
            continue
        body = _body(rule, own_pid)
        program += [(_JUMP_EQUAL, 0, len(body), number), *body]
    for rule in UNKNOWN:
        number = rule.numbers[column]
        if number is not None:
            program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _body(rule: Rule, own_pid: int) -> list[_Instruction]:
    """What follows the match of a call's number: checks of its arguments, then allow or refuse."""
    body: list[_Instruction] = []
    for argument in rule.arguments:
        if argument.without:
            body.append((_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * argument.index))
            body.append((_AND, 0, 0, argument.without))
            body.append((_JUMP_EQUAL, 0, 1, argument.without))
            body.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
            continue
        for offset, values in _comparisons(argument, own_pid):
            body.append((_LOAD, 0, 0, offset))
            for index, value in enumerate(values):
                # On a match jump over the other values and the refusal.
                body.append((_JUMP_EQUAL, len(values) - index, 0, value))
            body.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    body.append((_RETURN, 0, 0, _ALLOW))
    return body


def _comparisons(argument: Argument, own_pid: int) -> list[tuple[int, tuple[int, ...]]]:
    low = _ARGUMENTS_OFFSET + 8 * argument.index  # both machines are little-endian
    if argument.values == NULL:
        return [(low, (0,)), (low + 4, (0,))]
    if argument.values == OWN_PID:
        return [(low, (own_pid,))]
    assert isinstance(argument.values, tuple)
    return [(low, argument.values)]
