"""Test files of a directory: finding them, and running each in a sandbox that sees the project's modules."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.console.bindings import ConsoleBindings
from isolatejs.capabilities.files.bindings import create_file_bindings
from isolatejs.capabilities.modules.bindings import create_module_resolver
from isolatejs.capabilities.modules.source_rule import SourceRule, is_project
from isolatejs.errors import ConfigurationError
from isolatejs.host.inline_snapshots import insert_snapshots
from isolatejs.limits import MEMORY_LIMIT_MB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from isolatejs.capabilities.console.bindings import ConsoleEntry
    from isolatejs.capabilities.testing.contract import UpdateMode
    from isolatejs.capabilities.testing.results import TestCase, TestEvent, TestRunResult
    from isolatejs.host.isolate_host import IsolateHost

TEST_FILE = re.compile(r"(?:^|\.)(?:test|spec)\.(?:[cm]?[jt]s|[jt]sx)$")
"""`a.test.ts`, `b.spec.jsx`, `test.js`."""
SKIPPED_DIRECTORIES = frozenset({"node_modules", "dist", "build", "coverage", "__pycache__", "venv"})
"""Directories that hold no test files of the project; those with a leading dot neither."""


@dataclass(frozen=True, slots=True)
class TestOptions:
    """How files are run. Times are milliseconds; None takes the default of `TestRuntime.run`."""

    __test__ = False

    pattern: str | None = None
    timeout_ms: float | None = None
    bail: int = 0
    retry: int = 0
    update_snapshots: UpdateMode = "new"
    coverage: bool = False
    memory_limit_mb: int = MEMORY_LIMIT_MB
    nested_host: Any = None
    allow_import: tuple[str, ...] = ()
    """Patterns of other files than sources that tests can import (see SourceRule)."""
    bindings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of the project: where it is, and the name that it has in the sandbox."""

    __test__ = False

    path: Path
    filename: str


class TestProject:
    """A directory whose test files are run. Programs see its modules below `/`, and nothing else of it."""

    __test__ = False

    def __init__(self, root: Path, options: TestOptions | None = None) -> None:
        self.root = root.resolve()
        self.options = options or TestOptions()

    # --- finding -----------------------------------------------------------------------------------
    def find(self, paths: Iterable[Path] = ()) -> list[TestFile]:
        """Test files below the given paths, in order of their names; the whole project without any.

        A file that is named is taken whatever its name is. Raises ConfigurationError for a path that is not
        there or outside of the project.
        """
        found: dict[Path, None] = {}
        for path in list(paths) or [self.root]:
            place = path.resolve()
            if place.is_file():
                found[place] = None
            elif place.is_dir():
                found.update(dict.fromkeys(_walk(place)))
            else:
                raise ConfigurationError(f"{path}: no such file or directory")
        return [self.file(path) for path in found]

    def file(self, path: Path) -> TestFile:
        """A file by its path. Raises ConfigurationError when it is outside of the project."""
        place = path.resolve()
        if not place.is_relative_to(self.root):
            raise ConfigurationError(f"{path} is outside of {self.root}")
        return TestFile(place, "/" + place.relative_to(self.root).as_posix())

    # --- running -----------------------------------------------------------------------------------
    async def run(
        self,
        host: IsolateHost,
        file: TestFile,
        *,
        on_event: Callable[[TestEvent], Any] | None = None,
        on_console: Callable[[ConsoleEntry], Any] | None = None,
        ids: list[int] | None = None,
    ) -> TestRunResult:
        """Run one file in a sandbox of its own; new inline snapshots are put into it afterwards.

        When a test ends the sandbox, those after it run in another one.
        """
        options = self.options
        code = _read(file.path)
        open_runtime = partial(
            host.create_test_runtime,
            key=file.filename,
            bindings=self._bindings(on_console),
            memory_limit_mb=options.memory_limit_mb,
            nested_host=options.nested_host,
            snapshots=create_file_bindings(self.root, allow_write=options.update_snapshots != "none"),
        )
        async with open_runtime() as runtime:
            if on_event is not None:
                runtime.test.on_event(on_event)
            result = await runtime.run(
                code,
                file.filename,
                timeout_ms=options.timeout_ms,
                pattern=options.pattern,
                ids=ids,
                bail=options.bail,
                retry=options.retry,
                update_snapshots=options.update_snapshots,
                coverage=options.coverage,
                locations=True,
                successor=open_runtime,
            )
        await insert_snapshots(
            host, file.path, file.filename, code, result.inline_snapshots, options.update_snapshots
        )
        return result

    async def collect(self, host: IsolateHost, file: TestFile) -> tuple[TestCase, ...]:
        """The tests of a file, without running them. Raises GuestError when it does not load."""
        async with host.create_test_runtime(
            key=file.filename,
            bindings=self._bindings(),
            memory_limit_mb=self.options.memory_limit_mb,
            nested_host=self.options.nested_host,
        ) as runtime:
            return await runtime.collect(_read(file.path), file.filename)

    def _bindings(self, on_console: Callable[[ConsoleEntry], Any] | None = None) -> dict[str, Any]:
        sources = SourceRule(json=is_project(self.root), also=self.options.allow_import)
        resolver = create_module_resolver().source_tree("/", self.root, only=sources)
        packages = self.root / "node_modules"
        if packages.is_dir():
            resolver = resolver.mount_node_modules("/node_modules", packages)
        console = None if on_console is None else ConsoleBindings(on_console, values=False)
        return {"modules": resolver, "console": console, **self.options.bindings}

    def with_options(self, **changes: Any) -> TestProject:
        """The same project with other options."""
        return TestProject(self.root, replace(self.options, **changes))


def _walk(directory: Path) -> Iterator[Path]:
    for parent, directories, names in os.walk(directory):
        directories[:] = sorted(
            name for name in directories if name not in SKIPPED_DIRECTORIES and not name.startswith(".")
        )
        for name in sorted(names):
            if TEST_FILE.search(name):
                yield Path(parent, name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
