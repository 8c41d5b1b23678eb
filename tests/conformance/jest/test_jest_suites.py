"""Jest's own test suite for `expect`, its messages included, in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .exceptions import EXCEPTIONS
from .jest_suites import HERE, SUITES, run_suite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.relative_to(HERE / "packages").as_posix())
async def test_suite_passes(suite: Path, tmp_path: Path) -> None:
    """Every test passes but the EXCEPTIONS, and every one of those fails."""
    file = suite.relative_to(HERE).as_posix()
    result = await run_suite(suite, tmp_path)
    assert [error.stack for error in result.errors] == []
    assert result.passed > 0
    assert result.skipped == result.todo == 0
    excepted = {
        test.full_name for test in result.tests if any(e.hold(file, test.full_name) for e in EXCEPTIONS)
    }
    failed = {test.full_name: test.error.message for test in result.tests if test.error is not None}
    assert {name: message for name, message in failed.items() if name not in excepted} == {}
    passed_all_the_same = {test.full_name for test in result.tests if test.status == "pass"} & excepted
    assert passed_all_the_same == set()
    assert result.snapshots.added == result.snapshots.updated == 0


def test_exceptions_are_of_files_that_there_are() -> None:
    """An exception is taken away with its file."""
    files = [suite.relative_to(HERE).as_posix() for suite in SUITES]
    assert [e for e in EXCEPTIONS if not any(file.endswith(e.file) for file in files)] == []


def test_all_suites_are_there() -> None:
    """An empty list of parameters would pass silently."""
    assert len(SUITES) >= 20
