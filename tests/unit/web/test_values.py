"""Python forms of JavaScript values."""

from __future__ import annotations

import time

from isolatejs.web.values import BigInt, JSMap, JSSet

SAME_HASH = 2**61 - 1
"""Python hashes an integer by its remainder to this."""


def test_integers_of_one_hash_fill_a_table_in_time() -> None:
    """A program can send a million of them in one frame, and the event loop waits for the table."""
    began = time.process_time()
    items = JSSet(BigInt(number * SAME_HASH) for number in range(20_000))
    mapping = JSMap((number * SAME_HASH, number) for number in range(20_000))
    assert (len(items), len(mapping)) == (20_000, 20_000)
    assert time.process_time() - began < 2


def test_same_value_zero() -> None:
    mapping = JSMap(
        [(1, "number"), (True, "boolean"), (BigInt(1), "big"), ("1", "text"), (float("nan"), "nan")]
    )
    assert len(mapping) == 5
    assert (mapping[1.0], mapping[BigInt(1)], mapping[float("nan")]) == ("number", "big", "nan")
    assert JSMap([(BigInt(2**70), "big")])[2**70] == "big"
    assert BigInt(-(2**70)) in JSSet([-(2**70)])
    assert 0 in JSSet([-0.0])
