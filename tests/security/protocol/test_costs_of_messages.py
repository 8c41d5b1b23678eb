"""Whatever a guest sends costs the host in proportion to its size: at most 2 µs and 60 bytes a byte.

The messages are generated from the contracts: one that is added is covered on that day. ISOLATEJS_COST_ROUNDS says how
many of each kind are tried, ISOLATEJS_COST_SEED where to begin.
"""

from __future__ import annotations

import os
import random

import pytest

from fuzz.hostile_messages import (
    ANSWERS,
    MESSAGES,
    SHAPES,
    TOOL_NAMES,
    Choices,
    Hostile,
    answer_frame,
    frame,
    message_frame,
)
from fuzz.lied_to_host import FIRST_CALL, Violation, check_cost
from isolatejs.wire.errors import EncodedError
from isolatejs.wire.message import EncodedValue, wire_name

ROUNDS = int(os.environ.get("ISOLATEJS_COST_ROUNDS", "3"))
SEED = int(os.environ.get("ISOLATEJS_COST_SEED", "1"))
LARGE = 2_000
"""Parts of a large field: enough for what grows with the square to show."""


def hostile(*key: object, size: int = LARGE, first: bytes = b"") -> Hostile:
    """A writer of hostile fields that writes the same for the same key."""
    return Hostile(Choices(first + random.Random(f"{SEED} {key}").randbytes(400)), size)


@pytest.mark.parametrize("message", MESSAGES, ids=wire_name)
def test_a_message_costs_what_it_weighs(message: type) -> None:
    for number in range(ROUNDS):
        for size in (20, LARGE):
            piece = message_frame(message, hostile(message.__name__, number, size, size=size))
            check_cost(f"{wire_name(message)}, round {number}, size {size}", [piece])


@pytest.mark.parametrize("kind", [*ANSWERS, EncodedError, EncodedValue], ids=lambda kind: kind.__qualname__)
def test_an_answer_costs_what_it_weighs(kind: type) -> None:
    for number in range(ROUNDS):
        piece = answer_frame(kind, hostile(kind.__name__, number), FIRST_CALL)
        check_cost(f"the answer {kind.__name__}, round {number}", [piece], asked=kind)


@pytest.mark.parametrize("shape", range(len(SHAPES)), ids=lambda index: SHAPES[index].__name__.strip("_"))
@pytest.mark.parametrize("tool", TOOL_NAMES)
def test_an_argument_of_a_tool_costs_what_it_weighs(tool: str, shape: int) -> None:
    """Typed tools convert what they are given: nested containers, records that hold themselves, unions, sets."""
    for number in range(ROUNDS):
        writer = hostile(tool, shape, number, first=bytes([shape]))
        value = writer.value()
        sizes = ",".join(str(len(part)) for part in writer.attachments)
        header = '[0,1,"tools.callTool",{"path":"%s","args":%s},[%s]]' % (tool, value.decode(), sizes)  # noqa: UP031
        check_cost(f"{tool}, round {number}", [frame(header.encode(), *writer.attachments)])


def test_what_costs_too_much_is_noticed() -> None:
    """The measure itself: a host that takes more than it may is named."""
    with pytest.raises(Violation, match="allowed"):
        from fuzz.lied_to_host import Cost

        Cost(seconds=1.0, peak_bytes=0, message_bytes=1_000).check("slow")
    with pytest.raises(Violation, match="bytes held"):
        Cost(seconds=0.0, peak_bytes=100_000_000, message_bytes=1_000).check("large")
