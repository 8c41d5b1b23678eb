"""What an embedder passes as `bindings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """The capabilities of a runtime. What is None is not there in the program.

    `console`  a callable or ConsoleBindings: receives the program's console entries.
    `fetch`    `async (request, context) -> Response | httpx.Response`, or `create_fetch_binding(...)`.
    `files`    `create_file_bindings(...)`, or an object with the same methods.
    `modules`  `create_module_resolver()...`.
    `tools`    `{"name": callable, "group": {"name": callable}}`: global functions of the program.
    `browser`  Playwright's API on a managed browser (`launch`), or on one of yours: factories or a handler.
    """

    console: Any = None
    fetch: Any = None
    files: Any = None
    modules: Any = None
    tools: Any = None
    browser: Any = None
