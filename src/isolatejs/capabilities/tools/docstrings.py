"""Docstrings of tools: the summary, and what they say about each parameter.

Google ("Args:"), Sphinx (":param name:") and NumPy ("Parameters / ------") styles are read.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class ToolDoc:
    """`summary` is the text without its parameter sections."""

    summary: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    returns: str = ""


_SPHINX: Final = re.compile(r"^:(?:param|parameter|arg)\s([^:]*+):\s*+(.*)$")
_SPHINX_RETURNS: Final = re.compile(r"^:returns?:\s*+(.*)$")
_SPHINX_OTHER: Final = re.compile(r"^:\w[^:]*+:")
_GOOGLE_PARAMETERS: Final = ("args:", "arguments:", "parameters:", "keyword args:", "keyword arguments:")
_GOOGLE_RETURNS: Final = ("returns:", "yields:", "return:", "yield:")
_GOOGLE_OTHER: Final = ("raises:", "example:", "examples:", "note:", "notes:", "todo:", "see also:")
_ENTRY: Final = re.compile(r"^\*{0,2}(\w++)\s*+(?:\([^)]*+\)\s*+)?:\s*+(.*)$")
_NUMPY_ENTRY: Final = re.compile(r"^\*{0,2}(\w++)\s*+(?::.*)?$")


def parse_docstring(text: str | None) -> ToolDoc:
    """Split a docstring. Text in no known style is all summary."""
    if not text:
        return ToolDoc()
    lines = inspect.cleandoc(text).splitlines()
    summary: list[str] = []
    parameters: dict[str, str] = {}
    returns: list[str] = []
    section = "summary"
    current: str | None = None
    index = 0
    while index < len(lines):
        line = lines[index]
        stripped = line.strip()
        lowered = stripped.lower()
        underline = lines[index + 1].strip() if index + 1 < len(lines) else ""
        index += 1
        if stripped and len(underline) >= 3 and set(underline) == {"-"}:
            section, current = _numpy_section(lowered), None
            index += 1
            continue
        if lowered in (*_GOOGLE_PARAMETERS, *_GOOGLE_RETURNS, *_GOOGLE_OTHER) and not line[:1].isspace():
            section, current = _google_section(lowered), None
            continue
        sphinx = _SPHINX.match(stripped)
        if sphinx and sphinx.group(1).strip():
            section, current = "sphinx", sphinx.group(1).split()[-1]
            parameters[current] = sphinx.group(2)
            continue
        sphinx_returns = _SPHINX_RETURNS.match(stripped)
        if sphinx_returns:
            section, current = "returns", None
            returns.append(sphinx_returns.group(1))
            continue
        if _SPHINX_OTHER.match(stripped):
            section, current = "other", None
            continue
        if section == "summary":
            summary.append(line)
        elif section == "returns" and stripped:
            returns.append(stripped)
        elif section in ("google", "numpy", "sphinx") and stripped:
            current = _parameter_line(section, line, stripped, current, parameters)
    return ToolDoc("\n".join(summary).strip(), parameters, " ".join(returns).strip())


def _parameter_line(
    section: str, line: str, stripped: str, current: str | None, parameters: dict[str, str]
) -> str | None:
    """Take one line of a parameter section and give the parameter that following lines belong to."""
    indent = len(line) - len(line.lstrip())
    entry = _NUMPY_ENTRY.match(stripped) if section == "numpy" and indent == 0 else None
    if section == "google" and indent <= 4:
        entry = _ENTRY.match(stripped)
    if entry is not None:
        parameters[entry.group(1)] = entry.group(2) if section == "google" else ""
        return entry.group(1)
    if current is not None:
        parameters[current] = f"{parameters[current]} {stripped}".strip()
    return current


def _google_section(heading: str) -> str:
    if heading in _GOOGLE_PARAMETERS:
        return "google"
    return "returns" if heading in _GOOGLE_RETURNS else "other"


def _numpy_section(heading: str) -> str:
    if heading in ("parameters", "other parameters"):
        return "numpy"
    return "returns" if heading in ("returns", "yields") else "other"
