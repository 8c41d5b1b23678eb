"""Configurations of the checker: one folder each, with its own compiler options and declarations.

A program's file `/app/main.ts` lies at `root/app/main.ts` of its scope. The import map keeps every import of
an absolute path inside `root`, names the virtual modules, and blocks the node modules that no runtime has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.typechecking.node_modules import node_imports

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_OPTIONS: Final[dict[str, Any]] = {
    "strict": True,
    "noImplicitAny": False,
    "useUnknownInCatchVariables": False,
    "checkJs": True,
    "jsx": "react-jsx",
    "jsxImportSource": "react",
}
"""Strict, but code without annotations passes: programs are often plain JavaScript."""


@dataclass(frozen=True)
class ScopeConfig:
    """What a check is configured with; equal configurations share a folder."""

    declarations: str
    options: Mapping[str, Any] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    """Declaration files of modules: path below `types/` -> text."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Import map entries: specifier -> path below the scope's folder."""
    uses_node: bool = False
    """Kept apart: a node module brings global declarations that stay in a scope for good."""
    node_modules: str | None = None
    granted_node_modules: tuple[str, ...] = ()
    """Node modules that a capability brings."""
    packages_version: int = 0
    """Changes when packages are added or removed."""

    @property
    def key(self) -> str:
        content = json.dumps(
            [
                self.declarations,
                dict(self.options),
                dict(self.modules),
                dict(self.imports),
                self.uses_node,
                self.node_modules,
                self.granted_node_modules,
                self.packages_version,
            ],
            sort_keys=True,
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_scope(folder: Path, config: ScopeConfig) -> None:
    """Make the folder of a configuration. Raises OSError."""
    (folder / "root").mkdir(parents=True)
    (folder / "types").mkdir()
    (folder / "globals.d.ts").write_text(config.declarations, encoding="utf-8", errors="replace")
    for name, text in config.modules.items():
        path = folder / "types" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    settings: dict[str, Any] = {
        "lock": False,
        "unstable": ["sloppy-imports"],
        "compilerOptions": {
            **DEFAULT_OPTIONS,
            **config.options,
            "lib": ["esnext"],
            "types": ["./globals.d.ts"],
        },
        "imports": {
            "/": "./root/",
            "./root/": "./root/",
            "./types/": "./types/",
            **node_imports(config.granted_node_modules),
            **{specifier: f"./{target}" for specifier, target in config.imports.items()},
        },
    }
    if config.node_modules is not None:
        settings["nodeModulesDir"] = "manual"
        settings["imports"]["./node_modules/"] = "./node_modules/"
        (folder / "node_modules").symlink_to(config.node_modules)
        packages = sorted(_package_names(Path(config.node_modules)))
        (folder / "package.json").write_text(json.dumps({"dependencies": dict.fromkeys(packages, "*")}))
    (folder / "deno.json").write_text(json.dumps(settings), encoding="utf-8")


def _package_names(folder: Path) -> list[str]:
    names: list[str] = []
    for entry in folder.iterdir():
        if entry.name.startswith("@"):
            names.extend(f"{entry.name}/{inner.name}" for inner in entry.iterdir())
        elif not entry.name.startswith("."):
            names.append(entry.name)
    return names
