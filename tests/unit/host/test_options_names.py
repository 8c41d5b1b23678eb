"""Suggestions for misspelt names."""

from __future__ import annotations

import time

from isolatejs.capabilities.options import nearest_name, unknown_name


def test_the_nearest_name() -> None:
    assert nearest_name("tools", ["tools", "fetch"]) == "tools"
    assert nearest_name("xyz", ["tools", "fetch"]) is None


def test_suggestions_for_a_name_of_megabytes_take_no_time() -> None:
    began = time.thread_time()
    assert nearest_name("tools" * 4_000_000, ["tools", "fetch"]) is None
    assert len(unknown_name("tools" * 4_000_000, ["tools", "fetch"])) < 300
    assert time.thread_time() - began < 2
