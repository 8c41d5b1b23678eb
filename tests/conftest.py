"""Marks every test with the kind that its folder names."""

from __future__ import annotations

from pathlib import Path

import pytest

_KINDS = ("integration", "security", "conformance", "browser")
_ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(_ROOT).parts[0] if item.path.is_relative_to(_ROOT) else ""
        if folder in _KINDS:
            item.add_marker(getattr(pytest.mark, folder))
