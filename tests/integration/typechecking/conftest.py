"""The checker of the test process ends with its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.typechecking.checker import close_checkers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _checkers() -> Iterator[None]:
    yield
    close_checkers()
