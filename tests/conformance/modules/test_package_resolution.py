"""Package resolution against the engine's own, over every package of a real tree and what it exports."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integration.modules.npm import install_packages
from isolatejs.capabilities.modules.mounted_tree import MountedTree
from isolatejs.capabilities.modules.package_json import PackageError
from isolatejs.capabilities.modules.package_tree import PackageTree
from isolatejs.capabilities.modules.source_cache import SourceCache
from isolatejs.sandbox.engine import find_engine

CONDITIONS = {
    "import": ("deno", "node", "module-sync", "node-addons"),
    "require": ("node", "module-sync", "node-addons"),
}

PROGRAM = """
import { createRequire } from "node:module";
const [specifiers, folder] = JSON.parse(await new Response(Deno.stdin.readable).text());
const require = createRequire(`file://${folder}/index.js`);
const path = (found) => Deno.realPathSync(found.startsWith("file:") ? new URL(found) : found);
const attempt = (find) => { try { return path(find()) } catch { return null } };
console.log(JSON.stringify(specifiers.map((specifier) => [
  attempt(() => import.meta.resolve(specifier)), attempt(() => require.resolve(specifier)),
])));
"""


def specifiers_of(folder: Path) -> list[str]:
    """Every package at the top of a tree, with the subpaths that it exports and some that it does not."""
    found = []
    for manifest in sorted([*folder.glob("*/package.json"), *folder.glob("@*/*/package.json")]):
        name = str(manifest.parent.relative_to(folder))
        found += [name, f"{name}/package.json", f"{name}/absent"]
        exports = json.loads(manifest.read_text()).get("exports")
        if isinstance(exports, dict):
            paths = [key[2:] for key in exports if key.startswith("./") and "*" not in key]
            found += [f"{name}/{path}" for path in paths]
            found += [f"{name}/{key[2:].replace('*', 'x')}" for key in exports if "*" in key]
        else:
            found += [f"{name}/{file.name}" for file in sorted(manifest.parent.glob("*.js"))[:3]]
    return found


@pytest.mark.parametrize("layout", ["hoisted", "isolated"])
def test_every_package_resolves_as_in_the_engine(layout: Any, tmp_path: Path) -> None:
    folder = install_packages(layout)
    specifiers = specifiers_of(folder)
    assert len(specifiers) > 60
    script = folder.parent / "resolve.mjs"
    script.write_text(PROGRAM)
    done = subprocess.run(
        [find_engine().path, "run", "-A", "--no-lock", "--node-modules-dir=manual", str(script)],
        input=json.dumps([specifiers, str(folder.parent)]), capture_output=True, text=True, check=True,
        env={"DENO_DIR": str(tmp_path), "HOME": str(tmp_path)}, cwd=folder.parent,
    )  # fmt: skip
    trees = {
        kind: PackageTree("/node_modules", MountedTree(folder), SourceCache(), conditions)
        for kind, conditions in CONDITIONS.items()
    }
    differences = []
    for specifier, wanted in zip(specifiers, json.loads(done.stdout), strict=True):
        for kind, place in zip(CONDITIONS, wanted, strict=True):
            try:
                found = trees[kind].find(specifier, "/index.js", kind, "", set())  # type: ignore[arg-type]
            except PackageError:
                found = None
            got = None if found is None else str(folder / found[0].path.removeprefix("/node_modules/"))
            if got != place and not is_kinder(specifier, kind, folder, engine_finds_it=place is not None):
                differences.append((kind, specifier, got, place))
    assert differences == []


def is_kinder(specifier: str, kind: str, folder: Path, *, engine_finds_it: bool) -> bool:
    """Where bundlers, which most packages are tested with, find more than Node: on purpose."""
    if not engine_finds_it and specifier.endswith(("/package.json", "/")):
        return True
    manifest = folder / specifier / "package.json"
    return kind == "import" and manifest.is_file() and "module" in json.loads(manifest.read_text())
