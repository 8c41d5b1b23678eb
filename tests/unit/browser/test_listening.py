"""What Playwright calls of ours raises nothing: it would raise it in another tenant's next call."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import isolatejs
from isolatejs.capabilities.browser.listening import contained, listen

FOLDER = Path(isolatejs.__file__).parent / "capabilities/browser"


def fail(*_: Any) -> None:
    raise TypeError("mine")


async def fail_later(*_: Any) -> None:
    raise TypeError("mine")


async def test_errors_end_here(caplog: Any) -> None:
    assert contained(fail)(1) is None
    assert await contained(fail_later)(1, 2) is None
    assert contained(lambda value: value + 1)(1) == 2
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_listeners_are_contained_and_removed() -> None:
    class Target:
        def __init__(self) -> None:
            self.listeners: list[Any] = []

        def on(self, event: str, listener: Any) -> None:
            self.listeners.append(listener)

        def remove_listener(self, event: str, listener: Any) -> None:
            self.listeners.remove(listener)

    target = Target()
    off = listen(target, "close", fail)
    target.listeners[0](target)
    off()
    assert target.listeners == []


def test_nothing_listens_by_another_way() -> None:
    """Managed browsers have connections of their own. Use `listen`: what a listener raises is raised in the next call of whoever shares the connection."""
    found = [
        f"{file.name}:{number}"
        for file in FOLDER.glob("*.py")
        if file.name != "listening.py"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"\.(on|once)\(", line)
    ]
    assert found == []
