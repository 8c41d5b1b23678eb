"""The File System standard through the real sandbox: file_system_cases.js, clause by clause."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.files_runtime import files_runtime
from isolatejs import MemoryFiles

if TYPE_CHECKING:
    from isolatejs import IsolateHost as Host

PROGRAM = Path(__file__).with_name("file_system_cases.js").read_text()
CLAUSES = re.findall(r'^clause\("([^"]+)"', PROGRAM, re.MULTILINE)


@pytest.mark.parametrize("clause", [name for name in CLAUSES if name != "read-only"])
@pytest.mark.parametrize("kind", ["directory", "memory"])
async def test_clause(host: Host, tmp_path: Path, clause: str, kind: str) -> None:
    files = MemoryFiles() if kind == "memory" else None
    async with files_runtime(host, tmp_path, files=files) as runtime:
        assert await runtime.eval(f"const wanted = {json.dumps(clause)};\n{PROGRAM}") == "done"


async def test_read_only(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("content")
    async with files_runtime(host, tmp_path, allow_write=False) as runtime:
        assert await runtime.eval(f'const wanted = "read-only";\n{PROGRAM}') == "done"


def test_every_clause_is_run() -> None:
    assert len(CLAUSES) == PROGRAM.count("\nclause(") > 30
