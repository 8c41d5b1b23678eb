"""The flags of all commands that run programs, and what they grant: bindings, and a share of the machine."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MEMORY_LIMIT_MB

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.modules.source_rule import SourceRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """One field for each flag. Everything is denied unless it is named here."""

    allow_read: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-read", metavar="DIR", help="Directory that getDirectory() may read. Repeatable."
        ),
    ] = None
    allow_write: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-write", metavar="DIR", help="Directory that it may read and change. Repeatable."
        ),
    ] = None
    allow_net: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-net",
            metavar="HOST",
            help="Host that fetch() may reach (example.com, *.example.com:8443). Repeatable.",
        ),
    ] = None
    tools: Annotated[
        str | None,
        typer.Option("--tools", metavar="MODULE:NAME", help="Python functions that the program may call."),
    ] = None
    allow_import: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-import",
            metavar="PATTERN",
            help="Other files than sources that can be imported (*.txt, data/*.csv, .env). Repeatable.",
        ),
    ] = None
    node_modules: Annotated[
        Path | None,
        typer.Option(
            "--node-modules",
            metavar="DIR|auto",
            help="node_modules directory whose packages can be imported; auto: the nearest.",
        ),
    ] = None
    import_map: Annotated[
        Path | None,
        typer.Option(
            "--import-map",
            metavar="FILE|auto",
            help="Import map (JSON) for bare specifiers; auto: the nearest.",
        ),
    ] = None
    tsconfig: Annotated[
        Path | None,
        typer.Option(
            "--tsconfig", metavar="FILE|auto", help="tsconfig.json for paths and JSX; auto: the nearest."
        ),
    ] = None
    allow_nested: Annotated[
        bool, typer.Option("--allow-nested", help="Let the program create sandboxes of its own.")
    ] = False
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=1, help="Memory limit in megabytes.")
    ] = MEMORY_LIMIT_MB

    @property
    def nested_host(self) -> Any:
        """`nested_host=` of a runtime."""
        return {} if self.allow_nested else False

    def sources_of(self, directory: Path, *named: str) -> SourceRule:
        """What a program can import of a directory: source files, JSON of a project, and what is named."""
        from isolatejs.capabilities.modules.source_rule import SourceRule, is_project

        return SourceRule(json=is_project(directory), also=(*(self.allow_import or ()), *named))

    def bindings(self) -> dict[str, Any]:
        """The bindings of the flags, without console and modules. Raises typer.BadParameter."""
        bindings: dict[str, Any] = {}
        try:
            if self.allow_read or self.allow_write:
                bindings["files"] = self._files()
            if self.allow_net:
                bindings["fetch"] = self._fetch(self.allow_net)
        except ConfigurationError as error:
            raise typer.BadParameter(str(error)) from error
        if self.tools is not None:
            bindings["tools"] = load_tools(self.tools)
        return bindings

    def _files(self) -> Any:
        from isolatejs.capabilities.files.bindings import create_file_bindings

        paths = {**dict.fromkeys(self.allow_read or (), "r"), **dict.fromkeys(self.allow_write or (), "rw")}
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

    def _fetch(self, hosts: list[str]) -> Any:
        from isolatejs.capabilities.fetch.policy.binding import create_fetch_binding
        from isolatejs.capabilities.fetch.policy.rules import names_this_machine

        return create_fetch_binding(hosts, allow_loopback=any(names_this_machine(host) for host in hosts))


def takes_permissions(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of Permissions in place of its parameter `permissions`."""
    hints = get_type_hints(Permissions, include_extras=True)
    flags = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(Permissions)
    ]
    own = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        if parameter.name == "permissions":
            parameters += flags
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def with_flags(**given: Any) -> None:
        permissions = Permissions(**{flag.name: given.pop(flag.name) for flag in flags})
        command(permissions=permissions, **given)

    with_flags.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    with_flags.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_flags


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
