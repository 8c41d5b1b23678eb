"""What the builder of module sources refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import ConfigurationError, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    resolver = create_module_resolver()
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", 5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", "", filename="a/b.ts")
    with pytest.raises(ConfigurationError):
        resolver.virtual("x", "", {"file_name": "x"})
    with pytest.raises(ConfigurationError):
        resolver.mount_node_modules("node_modules", tmp_path)
    with pytest.raises(ConfigurationError):
        resolver.mount_node_modules("/node_modules", tmp_path / "absent")
    with pytest.raises(ConfigurationError):
        resolver.fallback("x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prefix", "normal"),
    [("/", "/"), ("/src", "/src/"), ("/a/../src//", "/src/"), ("./src", "/src/"), ("@app/", "@app/"),
     ("https://CDN/lib", "https://CDN/lib/"), ("https://cdn/a/../lib/", "https://cdn/lib/"), ("virtual:x", "virtual:x/")],
)  # fmt: skip
def test_prefixes_have_the_form_of_what_they_are_compared_with(prefix: str, normal: str) -> None:
    (tree,) = create_module_resolver().source_tree(prefix, lambda path: None).source_trees
    assert tree.prefix == normal


@pytest.mark.parametrize("prefix", ["@app/..", "@app//x", "a\\b", "/a/%2e%2e/b"])
def test_prefixes_that_nothing_is_below(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="source_tree"):
        create_module_resolver().source_tree(prefix, lambda path: None)
