"""The web platform's declarations, taken from the engine itself.

The engine prints the declarations of everything that it could offer (`deno types`). A runtime offers less:
no `Deno`, no storage, no graphics. So the text is cut into its top-level statements and only those are kept
whose values a runtime has, together with all interfaces and type aliases, which cost nothing at run time.
The standard library of the language itself comes from the checker's own `esnext` library.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from isolatejs.errors import ConfigurationError
from isolatejs.sandbox.engine import find_engine

PRINT_TIMEOUT_S: Final = 20.0
"""Printing takes 40 ms; a machine under heavy load gets time."""
_SECTION: Final = re.compile(r"(?m)^// Copyright \d{4}-\d{4} the Deno authors\. MIT license\.$")
_HEAD: Final = re.compile(
    r"^(?:export )?(?:declare )?(?:abstract )?"
    r"(var|let|const|function|class|namespace|interface|type)\s+([\w$]+)"
)
_VALUE_KINDS: Final = frozenset({"var", "let", "const", "function", "class", "namespace"})
_LEFT_OUT_MARKS: Final = (
    "declare namespace Deno",
    "interface GPUObjectBase",
    "interface OffscreenCanvas ",
    "interface Storage ",
)
"""Sections about the engine's own namespace, graphics and storage are left out as a whole."""
_LEFT_OUT_SECTION_LIBRARIES: Final = ("deno.webstorage",)
_ABSENT_TYPES: Final = re.compile(
    r"(?:BinaryType|BroadcastChannel|Cache(?:Storage)?|EventSource|NavigatorUAData|Web(?:Socket|Transport).*|Worker)\Z"
)
"""Types of classes that a runtime does not have: without them an error says that the name is unknown."""


@dataclass(frozen=True)
class Statement:
    """One top-level declaration with its documentation comment."""

    kind: str
    name: str
    text: str

    @property
    def is_value(self) -> bool:
        return self.kind in _VALUE_KINDS


@lru_cache(maxsize=1)
def engine_statements() -> tuple[Statement, ...]:
    """Every declaration of the engine's web platform. Raises ConfigurationError when it cannot print them."""
    engine = find_engine()
    try:
        printed = subprocess.run(
            [engine.path, "types"],
            capture_output=True,
            text=True,
            check=True,
            env={"NO_COLOR": "1"},
            timeout=PRINT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f"engine: its type declarations cannot be read: {error}") from error
    statements: list[Statement] = []
    for section in _SECTION.split(printed.stdout):
        if any(mark in section for mark in _LEFT_OUT_MARKS):
            continue
        if any(f'lib="{library}"' in section for library in _LEFT_OUT_SECTION_LIBRARIES):
            continue
        statements.extend(split_statements(section))
    return tuple(statements)


def select_declarations(values: frozenset[str]) -> str:
    """The declarations of these global values, and of the platform's types that can be used with them."""
    return "\n".join(
        statement.text.replace("Window | MessagePort", "MessagePort")
        for statement in engine_statements()
        if (statement.name in values or statement.name == "Intl")
        or not (statement.is_value or _ABSENT_TYPES.match(statement.name))
    )


def engine_values() -> frozenset[str]:
    """Names of the global values that the engine declares."""
    return frozenset(statement.name for statement in engine_statements() if statement.is_value)


def split_statements(text: str) -> list[Statement]:
    """Cut declaration text into top-level statements, each with the comment above it."""
    statements: list[Statement] = []
    pending: list[str] = []
    depth = 0
    in_comment = False
    started = False
    for line in text.splitlines():
        if not started and line.startswith("///"):
            continue
        code, in_comment = _strip_comments(line, in_comment)
        pending.append(line)
        if code.strip():
            started = True
        depth += sum(code.count(bracket) for bracket in "{([") - sum(code.count(bracket) for bracket in "})]")
        if started and depth == 0 and code.rstrip().endswith((";", "}")):
            statements.extend(_statement(pending))
            pending, started = [], False
    return statements


def _statement(lines: list[str]) -> list[Statement]:
    in_comment = False
    for line in lines:
        code, in_comment = _strip_comments(line, in_comment)
        head = _HEAD.match(code)
        if head is not None:
            return [Statement(head.group(1), head.group(2), "\n".join(lines).strip("\n"))]
    return []


_STRING: Final = re.compile(r"(?<!\\)(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')|`[^`]*+`")


def _strip_comments(line: str, in_comment: bool) -> tuple[str, bool]:
    """The code of a line, and whether a block comment goes on after it."""
    code = ""
    rest = line if in_comment else _STRING.sub('""', line)
    while rest:
        if in_comment:
            _before, end, rest = rest.partition("*/")
            if not end:
                return code, True
            in_comment = False
            rest = _STRING.sub('""', rest)
            continue
        slash, block = rest.find("//"), rest.find("/*")
        if slash >= 0 and (block < 0 or slash < block):
            return code + rest[:slash], False
        if block < 0:
            return code + rest, False
        code += rest[:block]
        rest = rest[block + 2 :]
        in_comment = True
    return code, in_comment
