"""The web platform that a program finds, clause by clause of its standards: the files in clauses/.

Each clause's name is the standard and what it says there; its body runs in the sandbox.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from isolatejs import ScriptRuntime

SOURCES = {file.stem: file.read_text() for file in sorted(Path(__file__).parent.glob("clauses/*.js"))}
CLAUSES = [
    (name, area)
    for area, source in SOURCES.items()
    for _, name in re.findall(r"""^clause\(\s*(["'])(.+)\1,\s*(?:async )?\(""", source, re.MULTILINE)
]


@pytest.mark.parametrize(("clause", "area"), CLAUSES, ids=[f"{area}: {clause}" for clause, area in CLAUSES])
async def test_clause(platform: ScriptRuntime, clause: str, area: str) -> None:
    code = f"await clauses.get({json.dumps(clause)})(), 'held'"
    assert await platform.eval(code, execution_timeout_ms=20_000) == "held"


def test_every_clause_is_run() -> None:
    assert len(CLAUSES) == sum(source.count("\nclause(") for source in SOURCES.values()) > 100
    assert len(set(CLAUSES)) == len(CLAUSES)
