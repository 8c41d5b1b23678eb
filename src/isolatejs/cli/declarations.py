"""A light reading of source for the REPL: is it complete, and what does it declare at its top level?

It knows brackets, strings, templates, comments and regular expressions, and nothing of the grammar beyond.
Where it is wrong, a line is sent too early (and gets its syntax error) or a name does not last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<space>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
  | (?P<open_comment>/\*.*+)
  | (?P<string>"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)
  | (?P<template>`)
  | (?P<number>\d[\w.]*)
  | (?P<word>[A-Za-z_$\u0080-\U0010ffff][\w$]*)
  | (?P<punctuation>\.\.\.|=>|\+\+|--|[{}()\[\];,.=:?<>!+\-*/%&|^~@\#]|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEXP = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*+")
_CLOSES = {")": "(", "]": "[", "}": "{"}
_CONTINUES = frozenset("=+-*%&|^<?:,.(") | {"=>", "..."}
_VALUE_WORDS = frozenset({"this", "super", "null", "true", "false"})
_BEFORE_OPERAND = frozenset("return typeof instanceof in of new delete void throw case await".split())
_BEFORE_EXPRESSION = frozenset("= ( , : ? => return new [ & | ! . await extends".split())
_MODIFIERS = frozenset({"async", "abstract", "export", "default"})


class _Incomplete(Exception):
    """The source ends within something."""


def is_complete(source: str) -> bool:
    """Whether a source can be run, rather than continued on the next line."""
    try:
        tokens = list(_tokens(source))
    except (_Incomplete, RecursionError):
        return False
    depth = sum(1 if token in "([{" else -1 for token in tokens if token in ("(", "[", "{", ")", "]", "}"))
    return depth <= 0 and not (tokens and tokens[-1] in _CONTINUES)


def declared_names(source: str) -> list[str]:
    """Names that a source declares at its top level: variables, functions, classes, enums and imports."""
    try:
        tokens = list(_tokens(source))
    except (_Incomplete, RecursionError):
        return []
    names: list[str] = []
    depth = 0
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
        elif depth == 0 and (position == 0 or tokens[position - 1] != "."):
            if token in ("const", "let", "var"):
                position = _read_variables(tokens, position + 1, names)
                continue
            if token in ("function", "class", "enum"):
                _read_declaration(tokens, position, names)
            elif token == "import":
                position = _read_import(tokens, position + 1, names)
                continue
        position += 1
    return list(dict.fromkeys(names))


def _tokens(source: str) -> Iterator[str]:
    """Tokens without blanks and comments; a template counts as one, and so does a regular expression."""
    position = 0
    previous = ""
    while position < len(source):
        is_comment = source.startswith(("//", "/*"), position)
        if source[position] == "/" and not is_comment and _operand_expected(previous):
            match = _REGEXP.match(source, position)
            if match is not None:
                previous = "/re/"
                yield previous
                position = match.end()
                continue
        match = _TOKEN.match(source, position)
        assert match is not None
        if match["open_comment"]:
            raise _Incomplete
        position = match.end()
        if match["space"]:
            continue
        if match["template"]:
            position = _skip_template(source, position)
        previous = match[0]
        yield previous


def _operand_expected(previous: str) -> bool:
    if previous == "" or previous in _BEFORE_OPERAND:
        return True
    return not (previous[-1].isalnum() or previous[-1] in "_$)]}`\"'/") and previous not in _VALUE_WORDS


def _skip_template(source: str, position: int) -> int:
    """The end of a template whose opening quote was read."""
    while position < len(source):
        character = source[position]
        if character == "\\":
            position += 2
        elif character == "`":
            return position + 1
        elif source.startswith("${", position):
            position = _skip_braces(source, position + 2)
        else:
            position += 1
    raise _Incomplete


def _skip_braces(source: str, position: int) -> int:
    depth = 1
    while position < len(source):
        match = _TOKEN.match(source, position)
        assert match is not None
        position = match.end()
        if match["open_comment"]:
            raise _Incomplete
        if match["template"]:
            position = _skip_template(source, position)
        elif match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return position
    raise _Incomplete


def _read_variables(tokens: list[str], position: int, names: list[str]) -> int:
    """Names of `const a = 1, {b, c: [d]} = e`; the position after the last binding that was understood."""
    while position < len(tokens):
        position = _read_binding(tokens, position, names)
        position = _skip_to_comma(tokens, position)
        if position >= len(tokens) or tokens[position] != ",":
            return position
        position += 1
    return position


def _read_binding(tokens: list[str], position: int, names: list[str]) -> int:
    """A name or a pattern."""
    if position >= len(tokens):
        return position
    token = tokens[position]
    if token not in ("{", "["):
        if _is_name(token):
            names.append(token)
        return position + 1
    closing = "}" if token == "{" else "]"
    position += 1
    while position < len(tokens) and tokens[position] != closing:
        if tokens[position] in (",", "..."):
            position += 1
            continue
        if closing == "}" and position + 1 < len(tokens) and tokens[position + 1] == ":":
            position += 2
        elif closing == "}" and tokens[position] == "[":
            position = _skip_brackets(tokens, position) + 1
        position = _read_binding(tokens, position, names)
        position = _skip_to_comma(tokens, position, closing)
    return position + 1


def _skip_brackets(tokens: list[str], position: int) -> int:
    depth = 0
    while position < len(tokens):
        if tokens[position] in ("(", "[", "{"):
            depth += 1
        elif tokens[position] in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return position


def _skip_to_comma(tokens: list[str], position: int, closing: str = "") -> int:
    """Past an initializer: to the next comma, semicolon, declaration or closing bracket of this level."""
    in_type = not closing and position < len(tokens) and tokens[position] == ":"
    angles = 0
    while position < len(tokens):
        token = tokens[position]
        if in_type:
            # A comma between the type arguments of `Map<string, number>` separates no declarations.
            angles += {"<": 1, ">": -1}.get(token, 0)
            in_type = token != "="
        if (token in (",", ";") and angles <= 0) or token == closing:
            return position
        if not closing and token in ("const", "let", "var", "import") and tokens[position - 1] != ".":
            return position
        if token in ("(", "[", "{"):
            position = _skip_brackets(tokens, position)
        else:
            position += 1
    return position


def _read_declaration(tokens: list[str], position: int, names: list[str]) -> None:
    """The name of a function, class or enum that stands as a statement."""
    before = position - 1
    while before >= 0 and tokens[before] in _MODIFIERS:
        before -= 1
    if before >= 0 and tokens[before] in _BEFORE_EXPRESSION:
        return
    following = position + 1
    if following < len(tokens) and tokens[following] == "*":
        following += 1
    if following < len(tokens) and _is_name(tokens[following]) and tokens[following] != "extends":
        names.append(tokens[following])


def _read_import(tokens: list[str], position: int, names: list[str]) -> int:
    """Names of an import declaration; nothing for `import(...)`, `import.meta` and `import type`."""
    if position >= len(tokens) or tokens[position] in ("(", ".") or tokens[position] == "type":
        return position
    end = position
    while end < len(tokens) and tokens[end] != "from" and tokens[end][0] not in "\"'":
        end += 1
    clause = tokens[position:end]
    for index, token in enumerate(clause):
        following = clause[index + 1] if index + 1 < len(clause) else ""
        if _is_name(token) and token != "as" and following != "as":
            names.append(token)
    return end + 2


def _is_name(token: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_$\u0080-\U0010ffff][\w$]*", token))
