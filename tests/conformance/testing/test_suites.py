"""JavaScript suites that hold the framework to Jest's and Vitest's documents, run in real sandboxes."""

# ruff: noqa: ASYNC240  (programs in strings; small files)

from __future__ import annotations

from pathlib import Path

import pytest

import isolatejs

SUITES = sorted((Path(__file__).parent / "suites").glob("*.test.*"))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
async def test_suite_passes(path: Path) -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host, host.create_test_runtime() as runtime:
        result = await runtime.run(path.read_text(), filename=f"/{path.name}")
    failures = {
        test.full_name: test.error.message if test.error else ""
        for test in result.tests
        if test.status == "fail"
    }
    assert failures == {}
    assert [error.stack for error in result.errors] == []
    assert result.passed > 5
    assert result.success
