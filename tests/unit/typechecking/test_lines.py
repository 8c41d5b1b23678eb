"""Lines by number: the same as splitting the text, whatever ends its lines."""

from __future__ import annotations

import random
import time

import pytest

from isolatejs.typechecking import lines
from isolatejs.typechecking.lines import Line, lines_of


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_lines_are_those_of_a_split(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", block)
    chance = random.Random(block)
    for _ in range(2_000):
        pieces = [
            chance.choice(["a", "\U0001f600", "\n", "\r\n", "\r", "\u2028"])
            for _ in range(chance.randrange(60))
        ]
        text = "".join(pieces)
        wanted = [chance.randrange(40) for _ in range(chance.randrange(6))]
        plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
        expected = dict(enumerate(plain.split("\n")))
        found = {number: line.part(0, line.width) for number, line in lines_of(text, wanted).items()}
        assert found == {number: expected[number] for number in wanted if number in expected}


def test_parts_count_utf16_units() -> None:
    line = Line("a\U0001f600b")
    assert line.width == 4
    assert line.part(3, 4) == "b"
    assert line.part(0, 2) == "a\ufffd"
    assert line.part(10, 20) == ""


@pytest.mark.parametrize(
    "text", ["\n" * 8_000_000, "ab\n" * 3_000_000, "x" * 8_000_000], ids=["empty", "short", "one"]
)
def test_monstrous_texts_take_little_time(text: str) -> None:
    began = time.thread_time()
    lines_of(text, range(0, 8_000_000, 8_000))
    assert time.thread_time() - began < 10
