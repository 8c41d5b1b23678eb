"""A runtime over a directory, for tests of files of every kind."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from isolatejs import create_file_bindings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from isolatejs import IsolateHost, ScriptRuntime

OUTCOME = """
async function outcome(attempt) {
  try {
    return ["ok", await attempt()];
  } catch (error) {
    return [error.code && typeof error.code === "string" ? error.code : error.name, error.message];
  }
}
"""
"""JavaScript: `await outcome(() => ...)` is `["ok", value]` or `[Node code or error name, message]`."""


@contextlib.asynccontextmanager
async def files_runtime(
    host: IsolateHost,
    root: Path | None = None,
    *,
    cwd: str = "/",
    files: Any = None,
    **options: Any,
) -> AsyncIterator[ScriptRuntime]:
    """A runtime with these files: a root with options of create_file_bindings, or any `files` binding."""
    if files is None:
        options.setdefault("allow_write", True)
        files = create_file_bindings(root, **options)
    async with host.create_runtime(bindings={"files": files}, cwd=cwd) as runtime:
        yield runtime
