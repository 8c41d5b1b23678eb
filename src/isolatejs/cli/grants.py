"""From command-line flags to bindings: what a program run by the command may do."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from isolatejs.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Flags that `run` and `repl` share. Everything is denied unless named here."""

    read: list[Path] = field(default_factory=list)
    write: list[Path] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    tools: str | None = None
    node_modules: Path | None = None
    import_map: Path | None = None
    tsconfig: Path | None = None
    nested: bool = False

    def bindings(self) -> dict[str, Any]:
        """The bindings of the flags, without console and modules. Raises typer.BadParameter."""
        bindings: dict[str, Any] = {}
        try:
            if self.read or self.write:
                bindings["files"] = self._files()
            if self.hosts:
                bindings["fetch"] = self._fetch()
        except ConfigurationError as error:
            raise typer.BadParameter(str(error)) from error
        if self.tools is not None:
            bindings["tools"] = load_tools(self.tools)
        return bindings

    def _files(self) -> Any:
        from isolatejs.capabilities.files.bindings import create_file_bindings

        paths = {**dict.fromkeys(self.read, "r"), **dict.fromkeys(self.write, "rw")}
        if len(paths) == 1:
            ((path, rights),) = paths.items()
            return create_file_bindings(root=path, allow_write=rights == "rw")
        roots: dict[str, tuple[str, str]] = {}
        for path, rights in paths.items():
            mount = f"/{path.resolve().name}"
            if mount in roots:
                raise typer.BadParameter(f"two allowed directories are called {path.resolve().name!r}")
            roots[mount] = (os.fspath(path), rights)
        return create_file_bindings(roots=roots)

    def _fetch(self) -> Any:
        from isolatejs.capabilities.fetch.policy.binding import create_fetch_binding

        local = [host for host in self.hosts if _is_loopback(host)]
        return create_fetch_binding(self.hosts, allow_loopback=bool(local))


def _is_loopback(host: str) -> bool:
    """Naming this machine is asking for it: `--allow-net localhost:8000`."""
    name = host.partition("://")[2] or host
    return name.startswith(("localhost", "127.", "[::1]")) or name == "::1"


def load_tools(reference: str) -> Any:
    """What `--tools module:name` names: a dict of functions, one function, or an object with methods."""
    value = load_object(reference, "--tools")
    if isinstance(value, dict):
        return value
    if callable(value):
        return {reference.rpartition(":")[2].rpartition(".")[2]: value}
    return {
        name: member
        for name in dir(value)
        if not name.startswith("_") and callable(member := getattr(value, name))
    }


def load_object(reference: str, option: str) -> Any:
    """The object that `module:name` names. Raises typer.BadParameter, which names `option`.

    The current directory is searched first, as `python -m` does.
    """
    module_name, _, attribute = reference.partition(":")
    if not module_name or not attribute:
        raise typer.BadParameter(f"{option} takes module:name, not {reference!r}")
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        value: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise typer.BadParameter(f"{option}: there is no module {module_name!r}") from error
    for name in attribute.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise typer.BadParameter(f"{option}: {module_name} has no {attribute!r}") from None
    return value
