"""Marks every test with the kind that its folder names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long one example takes says nothing on a machine that has other work.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

_KINDS = ("integration", "security", "conformance", "browser")
_ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if " at 0x" in item.nodeid or "<function" in item.nodeid:
            raise pytest.UsageError(
                f"{item.nodeid}: its name differs in each process; give the parameters ids"
            )
        folder = item.path.relative_to(_ROOT).parts[0] if item.path.is_relative_to(_ROOT) else ""
        if folder in _KINDS:
            item.add_marker(getattr(pytest.mark, folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Under scripts/test a skipped security or browser test is a failure: the wall was not tested."""
    report = yield
    if report.skipped and _STRICT and any(item.get_closest_marker(kind) for kind in ("security", "browser")):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure for security and browser tests: {report.longrepr}"
    return report


_STRICT = os.environ.get("ISOLATEJS_TEST_STRICT") == "1"
