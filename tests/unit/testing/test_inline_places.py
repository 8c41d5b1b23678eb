"""Places of inline snapshots, as a program names them: thousands of times the same, in a line of megabytes."""

from __future__ import annotations

import time

from isolatejs.capabilities.testing.contract import InlineSnapshot
from isolatejs.host.inline_snapshots import find_edits


def test_places_in_a_line_of_megabytes_are_found_in_one_pass() -> None:
    text = "é" * 1_000_000 + "; expect(1).toMatchInlineSnapshot(`" + "x" * 1_000_000 + "`)"
    column = text.index("toMatch") + 1
    snapshots = [InlineSnapshot("/a.test.js", 1, at, "1") for at in [column] * 2_000 + list(range(1, 2_000))]
    began = time.thread_time()
    edits = find_edits(text, snapshots, replaces=True)
    assert [edit.name_at for edit in edits] == [column - 1]
    assert time.thread_time() - began < 10


def test_the_last_snapshot_of_a_place_counts() -> None:
    text = "expect(1).toMatchInlineSnapshot()"
    snapshots = [InlineSnapshot("/a.test.js", 1, 11, word) for word in ("first", "second")]
    assert [edit.text for edit in find_edits(text, snapshots, replaces=False)] == ["second"]
