"""TypeScript declarations of tools from their Python signatures: for the checker and for a model's prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from isolatejs.capabilities.tools.shapes import NONE, description_of
from isolatejs.capabilities.tools.signatures import ToolParameter, ToolSignature, inspect_tool
from isolatejs.capabilities.tools.type_names import RESERVED_WORDS, TypeNames, is_tool_name
from isolatejs.errors import ConfigurationError

_INDENT: Final = "  "


def tool_types(tools: Mapping[str, Any]) -> str:
    """Declare tools as TypeScript: a global function each, a global object for each group.

    Parameter and return types come from annotations (msgspec Structs, dataclasses, TypedDicts, NamedTuples,
    pydantic models, enums, Literal, unions, Annotated with msgspec.Meta, NewType), documentation from
    docstrings. Raises ConfigurationError for a name that is no JavaScript identifier or a tool that is no
    callable.
    """
    if not isinstance(tools, Mapping):
        raise ConfigurationError(f"tools: a dict of callables, not {type(tools).__name__}")
    names = TypeNames()
    inspected = {name: _inspect(name, tool, name) for name, tool in tools.items()}
    for tool in inspected.values():
        _note_types(tool, names)
    functions = "".join(_top_level(name, tool, names) for name, tool in inspected.items())
    return "\n".join(part for part in (_interfaces(names), functions) if part)


Inspected = ToolSignature | dict[str, "Inspected"]


def _inspect(name: str, tool: Any, path: str) -> Any:
    if not is_tool_name(name, top_level=path == name):
        raise ConfigurationError(f"tools: {path!r} is not a JavaScript identifier")
    if isinstance(tool, Mapping):
        return {inner: _inspect(inner, value, f"{path}.{inner}") for inner, value in tool.items()}
    return inspect_tool(tool, name=path)


def _note_types(tool: Any, names: TypeNames) -> None:
    """Tell `names` which records are sent and which come back, before anything is written."""
    if isinstance(tool, dict):
        for inner in tool.values():
            _note_types(inner, names)
        return
    for parameter in (*tool.parameters, *tool.options, *filter(None, (tool.rest, tool.extra_options))):
        names.note(parameter.shape, inward=True)
    names.note(tool.returns, inward=False)


def _top_level(name: str, tool: Any, names: TypeNames) -> str:
    if isinstance(tool, dict):
        return f"declare const {name}: {_group(tool, names, '')};\n"
    return f"{_documentation(tool, '')}declare function {name}{_signature(tool, names)};\n"


def _group(tools: dict[str, Any], names: TypeNames, indent: str) -> str:
    inner = indent + _INDENT
    text = "{\n"
    for name, tool in tools.items():
        if isinstance(tool, dict):
            text += f"{inner}{name}: {_group(tool, names, inner)};\n"
        else:
            text += f"{_documentation(tool, inner)}{inner}{name}{_signature(tool, names)};\n"
    return text + indent + "}"


def _signature(tool: ToolSignature, names: TypeNames) -> str:
    parameters: list[str] = []
    optional = not any(option.required for option in tool.options)
    for parameter in reversed(tool.parameters):  # nothing optional comes before something required
        optional = optional and not parameter.required
        parameters.insert(0, _parameter(parameter, optional, names))
    if tool.takes_options:
        parameters.append(_options(tool, names))
    if tool.rest is not None:
        parameters.append(f"...{_safe(tool.rest.name)}: {names.many(tool.rest.shape, inward=True)}")
    return f"({', '.join(parameters)}): {_result(tool, names)}"


def _parameter(parameter: ToolParameter, optional: bool, names: TypeNames) -> str:
    text = names.text(parameter.shape, inward=True)
    if not parameter.required and not optional and text != "any":
        text += " | undefined"
    return f"{_safe(parameter.name)}{'?' if optional else ''}: {text}"


def _options(tool: ToolSignature, names: TypeNames) -> str:
    entries = [
        f"{option.name}{'' if option.required else '?'}: {names.text(option.shape, inward=True)}"
        for option in tool.options
    ]
    if tool.extra_options is not None:
        entries.append(
            f"[name: string]: {'any' if entries else names.text(tool.extra_options.shape, inward=True)}"
        )
    optional = "" if any(option.required for option in tool.options) else "?"
    return f"options{optional}: {{ {'; '.join(entries)} }}"


def _result(tool: ToolSignature, names: TypeNames) -> str:
    if tool.kind == "stream":
        return f"AsyncIterableIterator<{names.text(tool.returns, inward=False)}>"
    if tool.returns == NONE:
        return "Promise<void>"
    return f"Promise<{names.text(tool.returns, inward=False)}>"


def _documentation(tool: ToolSignature, indent: str) -> str:
    lines = tool.doc.summary.splitlines()
    for parameter in tool.parameters:
        lines += _parameter_documentation(parameter.name, parameter)
    for option in tool.options:
        lines += _parameter_documentation(f"options.{option.name}", option)
    if tool.rest is not None:
        lines += _parameter_documentation(tool.rest.name, tool.rest)
    if tool.doc.returns:
        lines.append(f"@returns {tool.doc.returns}")
    return comment(lines, indent)


def _parameter_documentation(name: str, parameter: ToolParameter) -> list[str]:
    description = parameter.description or description_of(parameter.shape) or ""
    default = _default_text(parameter)
    if not description and not default:
        return []
    return [f"@param {name} {' '.join(part for part in (description, default) if part)}"]


def _default_text(parameter: ToolParameter) -> str:
    default = getattr(parameter.default, "value", parameter.default)
    if parameter.required or default is None or not isinstance(default, str | int | float | bool):
        return ""
    return f"(default {json.dumps(default, ensure_ascii=False)})"


def _interfaces(names: TypeNames) -> str:
    """Every named type that the functions mention, and those that these mention in turn."""
    written: list[str] = []
    done = 0
    while done < len(names.pending):
        declaration = names.pending[done]
        done += 1
        written.append(declaration(comment))
    return "\n".join(written)


def comment(lines: list[str], indent: str) -> str:
    """A JSDoc comment, or nothing. The text cannot end the comment early."""
    cleaned = [line.rstrip().replace("*/", "*\\/") for line in lines]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    if not cleaned:
        return ""
    if len(cleaned) == 1:
        return f"{indent}/** {cleaned[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in cleaned)
    return f"{indent}/**\n{body}{indent} */\n"


def _safe(name: str) -> str:
    return f"{name}_" if name in RESERVED_WORDS else name
