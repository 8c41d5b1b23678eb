"""Configurations of the checker: one folder each, with its own compiler options and declarations.

A program's file `/app/main.ts` lies at `root/app/main.ts` of its scope. The import map keeps every import of
an absolute path inside `root`, names the virtual modules, and blocks the node modules that no runtime has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
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
    packages: tuple[str, ...] = ()
    """Which of its packages the program imports."""
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
                self.packages,
                self.granted_node_modules,
                self.packages_version,
            ],
            sort_keys=True,
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def packages_key(self) -> str:
        """The name of the folder that its packages are copied to; configurations share it."""
        content = f"{self.node_modules}\0{self.packages_version}".encode("utf-8", "surrogatepass")
        return f"packages-{hashlib.sha256(content).hexdigest()[:16]}"


def scope_files(config: ScopeConfig) -> dict[str, bytes]:
    """The files of a configuration's folder, by path below it."""
    files = {"globals.d.ts": _bytes(config.declarations)}
    for name, text in config.modules.items():
        files[f"types/{name}"] = _bytes(text)
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
            "./globals.d.ts": "./globals.d.ts",
            **node_imports(config.granted_node_modules),
            **{specifier: f"./{target}" for specifier, target in config.imports.items()},
        },
    }
    if config.node_modules is not None:
        settings["nodeModulesDir"] = "manual"
        settings["imports"]["./node_modules/"] = "./node_modules/"
        files["package.json"] = _bytes(json.dumps({"dependencies": dict.fromkeys(config.packages, "*")}))
    files["deno.json"] = _bytes(json.dumps(settings))
    return files


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
