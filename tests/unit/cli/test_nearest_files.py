"""`--node-modules auto` and its kin find the nearest file, or say that there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from isolatejs.cli.program_source import NEAREST, ProgramSource, create_resolver


def test_nearest_files_are_found_above_the_program(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"paths": {"@/*": ["./lib/*"]}}}')
    program = ProgramSource("1", "/src/main.ts", tmp_path / "src")
    resolver = create_resolver(program, NEAREST, None, NEAREST)
    assert len(resolver.mounts) == 1
    assert [tree.prefix.rstrip("/") for tree in resolver.source_trees] == ["/src", ""]


@pytest.mark.parametrize("flag", ["--node-modules", "--import-map", "--tsconfig"])
def test_nothing_nearest_is_said(tmp_path: Path, flag: str) -> None:
    program = ProgramSource("1", "/main.ts", tmp_path)
    given = {
        "--node-modules": (NEAREST, None, None),
        "--import-map": (None, NEAREST, None),
        "--tsconfig": (None, None, NEAREST),
    }
    with pytest.raises(typer.BadParameter, match=f"{flag} auto: there is no"):
        create_resolver(program, *given[flag])


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="No such file"):
        create_resolver(ProgramSource("1", "/main.ts", tmp_path), tmp_path / "missing", None)
