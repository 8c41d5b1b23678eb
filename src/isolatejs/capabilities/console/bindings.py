"""What the embedder passes as `console`, and the entries that it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from isolatejs.capabilities.call_context import HostCallContext
from isolatejs.capabilities.options import refuse_unknown_keys
from isolatejs.errors import ConfigurationError
from isolatejs.limits import CONSOLE_INDENT_LIMIT

EntryType = Literal[
    "output",
    "dir",
    "table",
    "assert",
    "trace",
    "time",
    "timeLog",
    "count",
    "countReset",
    "group",
    "groupEnd",
    "clear",
    "browserOutput",
]
EntryLevel = Literal["log", "info", "debug", "warn", "error"]
ENTRY_TYPES: Final[frozenset[str]] = frozenset(EntryType.__args__)  # type: ignore[attr-defined]
ENTRY_LEVELS: Final[frozenset[str]] = frozenset(EntryLevel.__args__)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleEntry:
    """One console call of the program. Follows the WHATWG Console standard.

    `type`         which method it was: `output` (log, info, debug, warn, error, dirxml), `dir`, `table`,
                   `assert`, `trace`, `time` (sent by timeEnd), `timeLog`, `count`, `countReset`, `group`,
                   `groupEnd`, `clear`, and `browserOutput` for a console message of a browser page.
    `level`        `log`, `info`, `debug`, `warn` or `error`.
    `stdout`       the formatted text, without group indentation and without a line end.
    `group_depth`  how many groups are open around the entry; `text` is `stdout` indented by it.
    `timestamp`    milliseconds since the epoch.
    `values`       the arguments in their Python form, when `ConsoleBindings.values` is on. What is not
                   plain data (a function, a class instance, a very large structure) stands as its text.
    `label`        of `time`, `timeLog`, `count`, `countReset` and `group`.
    `duration_ms`  of `time` and `timeLog`.
    `count`        of `count`.
    `collapsed`    of `group`.
    `stack`        of `trace`: its frames, one a line.
    `location`     of `browserOutput`: `url`, `line`, `column`.
    """

    type: EntryType
    level: EntryLevel = "log"
    stdout: str = ""
    group_depth: int = 0
    timestamp: float = 0.0
    values: tuple[Any, ...] = ()
    label: str | None = None
    duration_ms: float | None = None
    count: int | None = None
    collapsed: bool | None = None
    stack: str | None = None
    location: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """`stdout` as a terminal shows it: each line indented by two spaces for each open group (of 32)."""
        if self.group_depth == 0:
            return self.stdout
        margin = "  " * min(self.group_depth, CONSOLE_INDENT_LIMIT)
        return "\n".join(margin + line for line in self.stdout.split("\n"))


EntryHandler = Callable[[ConsoleEntry], Any] | Callable[[ConsoleEntry, HostCallContext], Any]


@dataclass(frozen=True, slots=True)
class ConsoleBindings:
    """Where console entries go.

    `on_entry(entry)` or `on_entry(entry, context)` is called for each entry, in order, and not waited for: an
    exception is logged and goes no further, what an async one does runs on as a task. `values` asks for the
    arguments themselves besides the text; `colors` for ANSI colours in the text.
    """

    on_entry: EntryHandler
    values: bool = True
    colors: bool = False

    def __post_init__(self) -> None:
        if not callable(self.on_entry):
            raise ConfigurationError(
                f"bindings.console.on_entry must be callable, not {type(self.on_entry).__name__}"
            )
        for name, value in (("values", self.values), ("colors", self.colors)):
            if not isinstance(value, bool):
                raise ConfigurationError(
                    f"bindings.console.{name} must be a bool, not {type(value).__name__}"
                )


def as_console_bindings(given: Any) -> ConsoleBindings | None:
    """Accept a `ConsoleBindings`, a dict with its keys, a callable, or None (no console).

    Raises ConfigurationError for anything else, naming the nearest key for an unknown one.
    """
    if given is None or isinstance(given, ConsoleBindings):
        return given
    if isinstance(given, Mapping):
        refuse_unknown_keys(given, [field.name for field in fields(ConsoleBindings)], "bindings.console")
        if "on_entry" not in given:
            raise ConfigurationError("bindings.console needs on_entry, a callable that takes one entry")
        return ConsoleBindings(**given)
    if callable(given):
        return ConsoleBindings(on_entry=given)
    raise ConfigurationError(
        f"bindings.console must be a callable or ConsoleBindings(on_entry=...), not {type(given).__name__}"
    )
