"""Attacks on regular expressions, built from the expressions themselves.

Backtracking is slow where one text can be matched in many ways and the match then fails. So each attack is a way
into some repeat of the pattern, that repeat's food many times over, and an end that does not fit. Processor time
of the thread is measured, first with a text on which linear work takes a tenth of a millisecond; what takes far
longer has to show that its time grows with the length and no faster.
"""

from __future__ import annotations

import math
import random
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any, Final

LENGTH: Final = 3_000
"""Characters of the first text."""
SUSPICIOUS_S: Final = 0.003
"""Thirty times what linear work needs for that text on a slow machine."""
GUARD_S: Final = 0.5
"""Processor time after which a run is given up: nothing linear comes near it."""
EXPONENT_LIMIT: Final = 1.6
"""Of the growth from one doubling to the next: linear is 1, quadratic 2; caches and collectors take some."""
CERTAIN_S: Final = 0.02
"""Growth is believed from times above this, which no tick of a clock and no interruption makes up."""
LONGEST: Final = 200_000
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_POOL: Final = "a0A_ \t\n-.,:;/\\'\"`=()[]{}<>|*#@!$%&~^+?é\0"
_ENDS: Final = ("", "\0", "!", "\n", "'\0")

Use = str
"""A method of a pattern: match, fullmatch, search, or finditer for all that go on after a match."""


@dataclass(frozen=True)
class Slow:
    """An attack that worked: `prefix` + `pump` many times + `end`."""

    use: Use
    prefix: str
    pump: str
    end: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.use}({self.prefix!r} + {self.pump!r} * n + {self.end!r}): {self.evidence}"


def slow_attack(pattern: re.Pattern[Any], uses: Iterable[Use]) -> Slow | None:
    """The first attack whose time grows faster than its length."""
    for use in sorted(uses):
        run = _runner(pattern, use)
        for prefix, pump, end in attacks(pattern):
            evidence = _try(run, prefix, pump, end)
            if evidence and _try(run, prefix, pump, end):  # twice: the machine may have been busy
                return Slow(use, prefix, pump, end, evidence)
    return None


def _runner(pattern: re.Pattern[Any], use: Use) -> Callable[[str], object]:
    method = getattr(pattern, use)
    is_bytes = isinstance(pattern.pattern, bytes)

    def run(text: str) -> object:
        subject = text.encode("utf-8") if is_bytes else text
        return deque(method(subject), maxlen=0) if use == "finditer" else method(subject)

    return run


def _try(run: Callable[[str], object], prefix: str, pump: str, end: str) -> str:
    """Why the attack is slow, or "" when it is not."""

    def took(length: int) -> float:
        text = prefix + pump * (length // len(pump)) + end
        began = time.thread_time()
        run(text)
        return time.thread_time() - began

    try:
        with _guard():
            if took(LENGTH) < SUSPICIOUS_S and took(24) < SUSPICIOUS_S:
                return ""
    except _GivenUpError:
        return f"more than {GUARD_S} s for {LENGTH} characters"
    length, times = LENGTH, [0.0, 0.0]
    try:
        while length <= LONGEST:
            with _guard():
                times = [min(took(size) for _ in range(2)) for size in (length, 2 * length)]
            if times[1] > CERTAIN_S:
                break
            length *= 2
    except _GivenUpError:
        return f"more than {GUARD_S} s for some {2 * length} characters"
    exponent = math.log2(times[1] / max(times[0], 1e-9))
    if times[1] <= CERTAIN_S or exponent < EXPONENT_LIMIT:
        return ""
    return f"{times[0]:.3f} s for {length} characters, {times[1]:.3f} s for twice as many"


class _GivenUpError(Exception):
    pass


@contextmanager
def _guard() -> Iterator[None]:
    """Give up after some processor time of this process. The engine of `re` looks for signals now and then."""

    def give_up(*_: object) -> None:
        raise _GivenUpError

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, GUARD_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def attacks(pattern: re.Pattern[Any]) -> list[tuple[str, str, str]]:
    """(way in, food, end), each once, the same ones every time."""
    source = pattern.pattern
    tree = list(_parser.parse(source, pattern.flags & ~re.DEBUG))
    chance = random.Random(repr(source))
    pool = "".join(dict.fromkeys([*_literals(tree), *_POOL]))
    ways = {""}
    pumps: dict[str, None] = {}
    bodies: list[Any] = []
    for before, repeat in _repeats(tree):
        body = repeat[1][2]
        bodies.append(body)
        ways |= {_sample(before, chance, pool) for _ in range(3)}
        for _ in range(3):
            pumps[_sample(body, chance, pool)] = None
            pumps[_sample([*before, repeat], chance, pool)] = None
            pumps[_sample(before, chance, pool)] = None
    for _ in range(2):
        pumps[_sample(tree, chance, pool)] = None
    shared = [char for char in pool if sum(_accepts(body, char) for body in bodies) >= 2]
    single = [char for char in pool if any(_accepts(body, char) for body in bodies)]
    for char in [*shared[:6], *single[:6]]:
        pumps[char] = None
    for first in shared[:3]:
        for second in single[:4]:
            pumps[first + second] = None
    found = [
        (way, pump, end)
        for pump in pumps
        if 0 < len(pump) <= 200
        for way in sorted(ways)[:8]
        for end in _ENDS
    ]
    return list(dict.fromkeys(found))


def _repeats(items: Iterable[Any], before: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every repeat that can be long, with what has to be matched on the way to it."""
    way = before
    for item in items:
        operator, argument = item
        for inner in _inner(operator, argument):
            yield from _repeats(inner, way)
        if operator in _REPEATS and argument[1] > 20:
            yield way, item
        way = (*way, item)


def _inner(operator: Any, argument: Any) -> list[Any]:
    if operator in _REPEATS:
        return [argument[2]]
    if operator is _constants.SUBPATTERN:
        return [argument[3]]
    if operator is _constants.BRANCH:
        return list(argument[1])
    if operator in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [argument[1]]
    if operator is _constants.ATOMIC_GROUP:
        return [argument]
    return []


def _sample(items: Iterable[Any], chance: random.Random, pool: str) -> str:
    """Some text that these parts match, short."""
    text = ""
    for operator, argument in items:
        if operator is _constants.LITERAL:
            text += chr(argument)
        elif operator in (_constants.NOT_LITERAL, _constants.IN, _constants.ANY):
            text += chance.choice(_chars(operator, argument, pool) or ["a"])
        elif operator in _REPEATS:
            least, most, body = argument
            for _ in range(min(chance.choice((least, least + 1, least + 2)), most)):
                text += _sample(body, chance, pool)
        elif operator is _constants.BRANCH:
            text += _sample(chance.choice(argument[1]), chance, pool)
        elif operator is _constants.SUBPATTERN:
            text += _sample(argument[3], chance, pool)
        elif operator is _constants.ATOMIC_GROUP:
            text += _sample(argument, chance, pool)
    return text


def _literals(items: Iterable[Any]) -> list[str]:
    """The first characters that the pattern names, wherever they stand."""
    found: list[str] = []
    for operator, argument in items:
        if operator in (_constants.LITERAL, _constants.NOT_LITERAL):
            found.append(chr(argument))
        elif operator is _constants.IN:
            found += [chr(value) for kind, value in argument if kind is _constants.LITERAL]
        for inner in _inner(operator, argument):
            found += _literals(inner)
    return list(dict.fromkeys(found))[:12]


def _chars(operator: Any, argument: Any, pool: str) -> list[str]:
    found = [char for char in pool if _one(operator, argument, char)]
    if operator is _constants.IN:
        found += [chr(value) for kind, value in argument if kind is _constants.LITERAL]
        found += [chr(value[0]) for kind, value in argument if kind is _constants.RANGE]
        found = [char for char in found if _one(operator, argument, char)]
    return found[:8]


def _accepts(items: Any, char: str) -> bool:
    """Whether some part of a repeat's body can be this character."""
    return any(
        _one(operator, argument, char) or any(_accepts(inner, char) for inner in _inner(operator, argument))
        for operator, argument in items
    )


def _one(operator: Any, argument: Any, char: str) -> bool:
    if operator is _constants.LITERAL:
        return bool(chr(argument) == char)
    if operator is _constants.NOT_LITERAL:
        return bool(chr(argument) != char)
    if operator is _constants.ANY:
        return char != "\n"
    if operator is _constants.IN:
        negated = bool(argument) and argument[0][0] is _constants.NEGATE
        return negated != any(_in_class(kind, value, char) for kind, value in argument)
    return False


def _in_class(kind: Any, value: Any, char: str) -> bool:
    if kind is _constants.LITERAL:
        return bool(chr(value) == char)
    if kind is _constants.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    if kind is _constants.CATEGORY:
        letter = {"SPACE": r"\s", "DIGIT": r"\d", "WORD": r"\w"}
        name = str(value).removeprefix("CATEGORY_")
        positive = letter.get(name.removeprefix("NOT_"))
        return positive is not None and (re.match(positive, char) is not None) != name.startswith("NOT_")
    return False
