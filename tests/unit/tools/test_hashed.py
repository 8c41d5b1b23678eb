"""Sets and dicts of values that a program chose to share a hash."""

from __future__ import annotations

import decimal
import time
import uuid
from typing import Any

import msgspec
import pytest

from isolatejs.capabilities.tools.paths import ToolValueError
from isolatejs.capabilities.tools.shapes import shape_of
from isolatejs.capabilities.tools.validation import make_checker

PRIME = 2**61 - 1
COUNT = 30_000
MULTIPLES = [number * PRIME for number in range(1, COUNT)]
"""All of hash 0: a set of them takes 6 seconds."""


class Holder(msgspec.Struct):
    numbers: dict[int, str]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (set[int], MULTIPLES),
        (frozenset[int], MULTIPLES),
        (dict[int, str], {str(number): "" for number in MULTIPLES}),
        (Holder, {"numbers": {str(number): "" for number in MULTIPLES}}),
        (set[decimal.Decimal], [str(number) for number in MULTIPLES]),
        (set[uuid.UUID], [str(uuid.UUID(int=number)) for number in MULTIPLES]),
        (set[tuple[int, int]], [[number, number] for number in MULTIPLES]),
        (list[set[int]], [[1], MULTIPLES]),
    ],
)
def test_values_of_one_hash_are_refused_in_time(annotation: Any, value: Any) -> None:
    check = make_checker(shape_of(annotation))
    started = time.process_time()
    with pytest.raises(ToolValueError, match="values with one hash"):
        check(value, "args[0]", "f")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("annotation", "value", "made"),
    [
        (set[int], [*range(5_000), *MULTIPLES[:99], 0, 0], {*range(5_000), *MULTIPLES[:99]}),
        (set[int], [0] * 1_000, {0}),
        (frozenset[str], ["a", "b"], frozenset("ab")),
        (dict[int, int], {str(n): n for n in range(1_000)}, {n: n for n in range(1_000)}),
        (set[float], [0.5, 2.0**61, 2.0**122, 1.0], {0.5, 2.0**61, 2.0**122, 1.0}),
    ],
)
def test_honest_values_pass(annotation: Any, value: Any, made: Any) -> None:
    result = make_checker(shape_of(annotation))(value, "args[0]", "f")
    assert result == made
    assert type(result) is type(made)
