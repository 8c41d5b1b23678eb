"""What a page returns is the page's choice: it may share its parts, hold itself, and be deep."""

from __future__ import annotations

import time
from typing import Any

from isolatejs.capabilities.browser.objects import without_objects


def test_a_page_returns_a_cycle() -> None:
    value: dict[str, Any] = {"a": 1}
    value["self"] = [value]
    plain, found = without_objects(value)
    assert found == []
    assert plain is not value
    assert plain["self"][0] is plain


def test_a_page_returns_a_graph() -> None:
    value: Any = {"leaf": 1}
    for _ in range(100):
        value = [value, value]
    began = time.process_time()
    plain, _ = without_objects(value)
    assert plain[0] is plain[1]
    assert time.process_time() - began < 1


def test_a_page_returns_something_deep() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    plain, _ = without_objects(value)
    for _ in range(100_000):
        (plain,) = plain
    assert plain == []
