"""The seccomp filter, run by a small interpreter of classic BPF."""

from __future__ import annotations

import errno
import struct

import pytest

from isolatejs.sandbox.launcher.seccomp_filter import build_exec_guard, build_filter
from isolatejs.sandbox.launcher.seccomp_rules import ALLOWED, ENGINE_DESCRIPTOR, THREAD_FLAGS, UNKNOWN, Rule

ALLOW = 0x7FFF0000
KILL = 0x80000000
NOTIFY = 0x7FC00000
X86_64, ARM64 = 0xC000003E, 0xC00000B7
OWN_PID = 4711


def run(
    number: int, arguments: tuple[int, ...] = (), *, architecture: int = X86_64, program: bytes | None = None
) -> int:
    """What the filter returns for a system call."""
    program = program or build_filter(OWN_PID, arm64=architecture == ARM64)
    data = struct.pack("<IIQ6Q", number, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, constant = struct.unpack_from("<HBBI", program, position * 8)
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif code == 0x15:
            position += if_true if accumulator == constant else if_false
        elif code == 0x35:
            position += if_true if accumulator >= constant else if_false
        elif code == 0x54:
            accumulator &= constant
        elif code == 0x06:
            return constant
        else:
            raise AssertionError(f"unexpected instruction {code:#x}")


def refusal(code: int) -> int:
    return 0x00050000 | code


def named(name: str) -> int:
    (number,) = {rule.numbers[0] for rule in ALLOWED + UNKNOWN if rule.name == name}
    assert number is not None
    return number


@pytest.mark.parametrize("architecture", [X86_64, ARM64])
def test_calls_without_a_condition_are_allowed_and_all_others_refused(architecture: int) -> None:
    column = 1 if architecture == ARM64 else 0
    by_number = {rule.numbers[column]: rule for rule in ALLOWED + UNKNOWN}
    for number in range(600):
        rule = by_number.get(number)
        if rule is None:
            assert run(number, architecture=architecture) == refusal(errno.EPERM), number
        elif rule in UNKNOWN:
            assert run(number, architecture=architecture) == refusal(errno.ENOSYS)
        elif not any(other.arguments for other in ALLOWED if other.name == rule.name):
            assert run(number, architecture=architecture) == ALLOW, rule.name


@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("clone", (THREAD_FLAGS,), True),
        ("clone", (17,), False),
        ("clone", (THREAD_FLAGS | 0x10000000,), False),
        ("clone", (0x11 | 0x4000 | 0x100,), False),
        ("mmap", (0, 4096, 3, 0x22), True),
        ("mmap", (0, 4096, 3, 0x01), True),
        ("mmap", (0, 4096, 3, 0x21), False),
        ("mmap", (0, 4096, 3, 0x23), False),
        ("socketpair", (1, 0x80801), True),
        ("socketpair", (1, 2), False),
        ("socketpair", (1, 5), False),
        ("socketpair", (2, 1), False),
        ("recvfrom", (5, 0, 0, 0x40, 0), True),
        ("recvfrom", (5, 0, 0, 0x1, 0), False),
        ("recvfrom", (5, 0, 0, 0x2, 0), False),
        ("sendto", (5, 0, 0, 0x1, 0), False),
        ("arch_prctl", (0x1002,), True),
        ("arch_prctl", (0x1012,), False),
        ("arch_prctl", (0x5001,), False),
        ("kill", (OWN_PID,), True),
        ("kill", (1,), False),
        ("kill", (2**64 - 1,), False),
        ("tgkill", (OWN_PID,), True),
        ("tgkill", (OWN_PID + 1,), False),
        ("prlimit64", (0, 7, 0), True),
        ("prlimit64", (17, 7, 0), False),
        ("prlimit64", (0, 7, 0x7FFF00000000), False),
        ("prlimit64", (0, 7, 0x1000), False),
        ("sendto", (5, 0, 0, 0, 0), True),
        ("sendto", (5, 0, 0, 0, 1 << 40), False),
        ("mmap", (0, 4096, 3, 0x122), False),
        ("mmap", (0, 4096, 3, 0x40022), False),
        ("mmap", (0, 4096, 3, 0x40100), False),
        ("madvise", (0, 4096, 4), True),
        ("madvise", (0, 4096, 17), True),
        ("madvise", (0, 4096, 14), False),
        ("madvise", (0, 4096, 12), False),
        ("madvise", (0, 4096, 102), False),
        ("fcntl", (3, 3), True),
        ("fcntl", (3, 1030, 3), True),
        ("fcntl", (3, 4, 0x800), True),
        ("fcntl", (3, 4, 0x2800), False),
        ("fcntl", (3, 4, 0x4000), False),
        ("fcntl", (3, 4, 0x10000), False),
        ("fcntl", (3, 7), False),
        ("fcntl", (3, 37), False),
        ("fcntl", (3, 8), False),
        ("fcntl", (3, 1031, 1 << 20), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("prctl", (15,), True),
        ("prctl", (22,), False),
        ("execveat", (ENGINE_DESCRIPTOR, 0, 0, 0, 0x1000), True),
        ("execveat", (ENGINE_DESCRIPTOR, 0, 0, 0, 0), False),
        ("execveat", (3, 0, 0, 0, 0x1000), False),
    ],
)
def test_conditions_on_arguments(name: str, arguments: tuple[int, ...], allowed: bool) -> None:
    assert run(named(name), arguments) == (ALLOW if allowed else refusal(errno.EPERM))


def test_another_architecture_is_killed_and_x32_refused() -> None:
    assert run_with_wrong_architecture() == KILL
    assert run(0x40000000 | named("read")) == refusal(errno.EPERM)


def run_with_wrong_architecture() -> int:
    program = build_filter(OWN_PID, arm64=False)
    assert struct.unpack_from("<HBBI", program, 8)[3] == X86_64
    return struct.unpack_from("<HBBI", program, 16)[3]


@pytest.mark.parametrize("rule", ALLOWED + UNKNOWN, ids=lambda rule: rule.name)
def test_every_rule_has_a_reason(rule: Rule) -> None:
    assert len(rule.reason) > 3
    assert any(number is not None for number in rule.numbers)


def test_only_rules_that_look_at_arguments_share_a_number() -> None:
    for column in (0, 1):
        seen: dict[int, Rule] = {}
        for rule in ALLOWED + UNKNOWN:
            number = rule.numbers[column]
            if number is None:
                continue
            other = seen.setdefault(number, rule)
            assert other is rule or (other.name == rule.name and other.arguments)


def test_a_lock_is_answered_and_not_made() -> None:
    assert run(named("fcntl"), (3, 6, 0x7FFF0000)) == refusal(0)


@pytest.mark.parametrize("name", ["uname", "sched_getscheduler", "sched_getparam", "sched_getaffinity"])
def test_what_tells_about_the_machine_is_not_made_in_the_open(name: str) -> None:
    in_the_open = build_filter(OWN_PID, arm64=False, in_the_open=True)
    assert run(named(name), (1,)) == ALLOW
    assert run(named(name), (1,), program=in_the_open) == refusal(0)
    assert run(named("sched_getaffinity"), (0,), program=in_the_open) == ALLOW


@pytest.mark.parametrize("architecture", [X86_64, ARM64])
def test_the_guard_holds_every_exec_and_nothing_else(architecture: int) -> None:
    guard = build_exec_guard(arm64=architecture == ARM64)
    number = 281 if architecture == ARM64 else 322
    assert run(number, architecture=architecture, program=guard) == NOTIFY
    assert {run(other, program=guard) for other in range(600) if other != number} == {ALLOW}


@pytest.mark.parametrize(
    "name", ["socket", "connect", "fork", "execve", "ptrace", "mount", "memfd_create", "pipe2"]
)
def test_what_an_attack_needs_is_not_on_the_list(name: str) -> None:
    assert name not in {rule.name for rule in ALLOWED}
