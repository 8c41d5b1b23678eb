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
_NOTIFY: Final = 0x7FC00000
_AWAY: Final = 255
"""Stands for the distance to the end of a rule, until its length is known."""

_NUMBER_OFFSET: Final = 0
_ARCHITECTURE_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16
_AUDIT_X86_64: Final = 0xC000003E
_AUDIT_ARM64: Final = 0xC00000B7
_X32_BIT: Final = 0x40000000

_Instruction = tuple[int, int, int, int]


def build_filter(own_pid: int, *, arm64: bool = linux.IS_ARM64, in_the_open: bool = False) -> bytes:
    """The filter for a process whose own pid (in its namespace) is `own_pid`.

    Another architecture's calls kill the process; x32 calls and whatever no rule allows get EPERM. `in_the_open`:
    the process has no UTS or PID namespace of its own, so that some calls would tell about the machine.
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
    by_number: dict[int, list[Rule]] = {}
    for rule in ALLOWED:
        number = rule.numbers[column]
        if number is not None:
            by_number.setdefault(number, []).append(rule)
    # The frequent calls have no condition, so they come first.
    for number, rules in sorted(by_number.items(), key=lambda item: bool(item[1][0].arguments)):
        body = [
            instruction for rule in rules for instruction in _body(rule, own_pid, _answer(rule, in_the_open))
        ]
        if rules[-1].arguments:
            body.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
        program += [(_JUMP_EQUAL, 0, len(body), number), *body]
    for rule in UNKNOWN:
        number = rule.numbers[column]
        if number is not None:
            program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return _packed(program)


def build_exec_guard(*, arm64: bool = linux.IS_ARM64) -> bytes:
    """A filter that holds every execveat until whoever listens to it has answered.

    The launcher lets the first one pass and stops listening; the kernel refuses all later ones with ENOSYS. The
    rules alone cannot count, nor read a path: with an absolute one the kernel ignores the descriptor.
    """
    (number,) = {rule.numbers[1 if arm64 else 0] for rule in ALLOWED if rule.name == "execveat"}
    assert number is not None
    return _packed(
        [
            (_LOAD, 0, 0, _NUMBER_OFFSET),
            (_JUMP_EQUAL, 0, 1, number),
            (_RETURN, 0, 0, _NOTIFY),
            (_RETURN, 0, 0, _ALLOW),
        ]
    )


def _packed(program: list[_Instruction]) -> bytes:
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _answer(rule: Rule, in_the_open: bool) -> int:
    return _ERRNO if rule.pretended or (in_the_open and rule.pretended_in_the_open) else _ALLOW


def _body(rule: Rule, own_pid: int, answer: int) -> list[_Instruction]:
    """What follows the match of a call's number: the answer if the arguments hold, else it goes on behind it."""
    tests: list[list[_Instruction]] = []
    for argument in rule.arguments:
        low = _ARGUMENTS_OFFSET + 8 * argument.index  # both machines are little-endian
        if argument.without or argument.none_of:
            mask = argument.without or argument.none_of
            test = [(_LOAD, 0, 0, low), (_AND, 0, 0, mask)]
            if argument.without:
                tests.append([*test, (_JUMP_EQUAL, _AWAY, 0, mask)])
            else:
                tests.append([*test, (_JUMP_EQUAL, 0, _AWAY, 0)])
            continue
        for offset, values in _comparisons(argument, own_pid):
            *others, last = enumerate(values)
            # On a match jump over the other values.
            test = [(_JUMP_EQUAL, len(values) - 1 - index, 0, value) for index, value in others]
            tests.append([(_LOAD, 0, 0, offset), *test, (_JUMP_EQUAL, 0, _AWAY, last[1])])
    body = [instruction for test in tests for instruction in test]
    body.append((_RETURN, 0, 0, answer))
    end = len(body) - 1
    return [
        (
            code,
            end - place if if_true == _AWAY else if_true,
            end - place if if_false == _AWAY else if_false,
            constant,
        )
        for place, (code, if_true, if_false, constant) in enumerate(body)
    ]


def _comparisons(argument: Argument, own_pid: int) -> list[tuple[int, tuple[int, ...]]]:
    low = _ARGUMENTS_OFFSET + 8 * argument.index
    if argument.values == NULL:
        return [(low, (0,)), (low + 4, (0,))]
    if argument.values == OWN_PID:
        return [(low, (own_pid,))]
    assert isinstance(argument.values, tuple)
    return [(low, argument.values)]
