"""tsconfig.json: comments, `extends`, and the order of `paths`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import ConfigurationError
from isolatejs.capabilities.modules.tsconfig import read_tsconfig

if TYPE_CHECKING:
    from pathlib import Path


def test_paths_of_a_file_with_comments(tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text(
        """{
          // a comment with "quotes"
          "compilerOptions": {
            "baseUrl": "./src", /* another */
            "jsxImportSource": "preact",
            "paths": { "@/*": ["./*", "./generated/*"], "config": ["config.ts"], "@/special/*": ["./s/*"], "url//x": ["y"], },
          },
        }"""
    )
    config = read_tsconfig(tmp_path / "tsconfig.json", "/app")
    assert config.jsx_import_source == "preact"
    assert config.experimental_decorators is None

    def means(specifier: str) -> tuple[str, ...]:
        return next((found for alias in config.aliases if (found := alias.match(specifier))), ())

    assert means("@/lib/a") == ("/app/src/lib/a", "/app/src/generated/lib/a")
    assert means("@/special/x") == ("/app/src/s/x",)
    assert means("config") == ("/app/src/config.ts",)
    assert means("url//x") == ("/app/src/y",)
    assert means("configs") == ()
    assert means("other") == ()


def test_extends(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/tsconfig.base.json").write_text(
        '{"compilerOptions": {"paths": {"#/*": ["./lib/*"]}, "experimentalDecorators": true, "jsxImportSource": "a"}}'
    )
    (tmp_path / "tsconfig.json").write_text(
        '{"extends": "./base/tsconfig.base", "compilerOptions": {"jsxImportSource": "b"}}'
    )
    config = read_tsconfig(tmp_path / "tsconfig.json", "/")
    assert config.aliases[0].match("#/x") == ("/base/lib/x",)
    assert (config.jsx_import_source, config.experimental_decorators) == ("b", True)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_broken_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text(text)
    with pytest.raises(ConfigurationError):
        read_tsconfig(tmp_path / "tsconfig.json", "/")
