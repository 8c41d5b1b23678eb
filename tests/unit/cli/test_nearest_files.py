"""`--node-modules auto` and its kin find the nearest file, or say that there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from isolatejs.cli.grants import Permissions
from isolatejs.cli.program_source import NEAREST, ProgramSource, create_resolver


def test_nearest_files_are_found_above_the_program(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"paths": {"@/*": ["./lib/*"]}}}')
    program = ProgramSource("1", "/src/main.ts", tmp_path / "src")
    resolver = create_resolver(program, Permissions(node_modules=NEAREST, tsconfig=NEAREST))
    assert len(resolver.mounts) == 1
    assert [tree.prefix.rstrip("/") for tree in resolver.source_trees] == ["/src", ""]


@pytest.mark.parametrize("flag", ["--node-modules", "--import-map", "--tsconfig"])
def test_nothing_nearest_is_said(tmp_path: Path, flag: str) -> None:
    program = ProgramSource("1", "/main.ts", tmp_path)
    permissions = Permissions(**{flag.removeprefix("--").replace("-", "_"): NEAREST})
    with pytest.raises(typer.BadParameter, match=f"{flag} auto: there is no"):
        create_resolver(program, permissions)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="No such file"):
        create_resolver(
            ProgramSource("1", "/main.ts", tmp_path), Permissions(node_modules=tmp_path / "missing")
        )
