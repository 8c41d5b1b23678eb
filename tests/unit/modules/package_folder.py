"""Lays out a `node_modules` on disk for a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.modules.mounted_tree import MountedTree
from isolatejs.capabilities.modules.package_tree import PackageTree
from isolatejs.capabilities.modules.source_cache import SourceCache

if TYPE_CHECKING:
    from pathlib import Path


def lay_out(root: Path, files: dict[str, str | dict[str, Any]]) -> Path:
    """Writes files (a dict becomes JSON) and symbolic links (`-> target`) below `root`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.write_text(json.dumps(content))
        elif content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
    return root


def mount(root: Path, conditions: tuple[str, ...] | None = None) -> PackageTree:
    return PackageTree("/node_modules", MountedTree(root), SourceCache(), conditions)


def path_of(
    tree: PackageTree, specifier: str, importer: str = "/index.js", kind: Any = "import"
) -> str | None:
    found = tree.find(specifier, importer, kind, "", set())
    return None if found is None else found[0].path
