"""What one input of a fuzzer may cost: processor time per byte, and how the fuzzers build large inputs.

Budgets are processor time, which other work on the machine does not change. Coverage instrumentation makes Python
slower by up to an order of magnitude, so the runner names a factor in ISOLATEJS_FUZZ_SLOWDOWN.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS_PER_BYTE = 2e-6
"""What the host may spend on one byte that a program sent."""
FLOOR_S = 0.05
"""Small inputs pay for caches and imports that the first of them fills."""
SLOWDOWN = float(os.environ.get("ISOLATEJS_FUZZ_SLOWDOWN", "1"))
REPETITIONS_LIMIT = 20_000
"""Enough for a quadratic step on a few bytes to be seen."""


class OverBudget(AssertionError):
    """An input cost more processor time than its size allows."""


@contextmanager
def budget(what: str, size: int) -> Iterator[None]:
    """Raise OverBudget when the block takes more processor time than an input of `size` bytes may."""
    began = time.process_time()
    yield
    spent = time.process_time() - began
    allowed = (FLOOR_S + size * SECONDS_PER_BYTE) * SLOWDOWN
    if spent > allowed:
        raise OverBudget(f"{what}: {spent:.2f} s for {size} bytes, allowed {allowed:.2f} s")


def expand(data: bytes, limit: int = 1024 * 1024) -> bytes:
    """An input with one part repeated: two bytes of count, one of its place, one of its length, then the text.

    A fuzzer that only inserts bytes rarely reaches the sizes at which a quadratic step shows.
    """
    if len(data) < 5 or data[0] & 0x80:
        return data[1:]
    count = int.from_bytes(data[:2]) % REPETITIONS_LIMIT
    text = data[4:]
    start = data[2] % len(text)
    part = text[start : start + 1 + data[3] % 32]
    return (text[:start] + part * min(count, limit // len(part)) + text[start + len(part) :])[:limit]
