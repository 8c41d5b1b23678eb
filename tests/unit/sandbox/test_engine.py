"""Finding the engine and its command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolatejs.errors import ConfigurationError
from isolatejs.sandbox.engine import engine_argv, find_engine, linked_libraries


def test_the_engine_of_the_deno_package_is_found_with_its_libraries() -> None:
    engine = find_engine()
    assert Path(engine.path).is_file()
    assert any("libc.so" in library for library in engine.libraries)
    assert all(Path(library).is_file() for library in engine.libraries)


def test_a_wrong_path_is_a_configuration_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no-engine-here"):
        find_engine(str(tmp_path / "no-engine-here"))


def test_the_command_line_closes_every_ambient_source() -> None:
    argv = engine_argv("/engine/deno", "/isolatejs")
    assert argv[:2] == ["/engine/deno", "run"]
    assert {"--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"} <= set(argv)
    assert argv[-1] == "/isolatejs/guest/main.js"
    allowed = [item for item in argv if item.startswith("--allow")]
    assert allowed == ["--allow-read=/isolatejs,/sync-replies"]


def test_a_process_that_waits_for_a_lease_is_told() -> None:
    argv = engine_argv("/engine/deno", "/isolatejs", warm=True)
    assert argv[-2:] == ["/isolatejs/guest/main.js", "--warm"]


def test_a_file_that_is_no_elf_has_no_libraries(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"#!/bin/sh\n")
    assert linked_libraries(str(script)) == ()
