"""Python signatures as TypeScript."""

from __future__ import annotations

import datetime
import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NewType

import msgspec
import pytest

from isolatejs.capabilities.tools.declarations import tool_types
from isolatejs.errors import ConfigurationError
from isolatejs.web import Request, Response


class Color(enum.Enum):
    """Paint."""

    RED = "red"
    BLUE = "blue"


class Address(msgspec.Struct):
    street: str
    zip: int | None = None


class User(msgspec.Struct, rename="camel"):
    """A person."""

    name: str
    age: Annotated[int, msgspec.Meta(description="In years.")]
    home_address: Address | None = None


class Event(msgspec.Struct):
    kind: Literal["a", "b"]


@dataclass
class Point:
    x: float
    y: float = 0.0


UserId = NewType("UserId", str)


async def search(query: str, page: int = 1, *, limit: int = 10, context: Any = None) -> list[User]:
    """Search people.

    Args:
        query: what to look for
        limit: how many

    Returns:
        best first
    """
    return []


def test_a_function_with_its_documentation_and_types() -> None:
    assert tool_types({"search": search}) == (
        "/** A person. */\n"
        "interface User {\n"
        "  name: string;\n"
        "  /** In years. */\n"
        "  age: number;\n"
        "  homeAddress: Address | null;\n"
        "}\n"
        "\n"
        "interface Address {\n"
        "  street: string;\n"
        "  zip: number | null;\n"
        "}\n"
        "\n"
        "/**\n"
        " * Search people.\n"
        " * @param query what to look for\n"
        " * @param page (default 1)\n"
        " * @param options.limit how many (default 10)\n"
        " * @returns best first\n"
        " */\n"
        "declare function search(query: string, page?: number, options?: { limit?: number })"
        ": Promise<User[]>;\n"
    )


def declared(annotation: Any, returns: Any = None) -> str:
    def tool(value: Any) -> Any: ...

    tool.__annotations__ = {"value": annotation, "return": returns}
    return tool_types({"tool": tool}).splitlines()[-1].removeprefix("declare function tool(value: ")


@pytest.mark.parametrize(
    ("annotation", "type"),
    [
        (int, "number"), (float, "number"), (bool, "boolean"), (bytes, "Uint8Array"), (None, "null"),
        (datetime.datetime, "Date"), (datetime.date, "string"), (Any, "any"), (object, "unknown"),
        (list[int | None], "(number | null)[]"),
        (tuple[int, str], "[number, string]"), (tuple[int, ...], "number[]"),
        (set[int], "Set<number>"), (dict[str, int], "Record<string, number>"),
        (dict[int, str], "Record<number, string> | Map<number, string>"),
        (dict[Literal["a", "b"], int], 'Partial<Record<"a" | "b", number>>'),
        (Literal["a", 1, True, None], '"a" | 1 | true | null'),
        (None | int | str, "number | string | null"),
        (Callable[[int], Awaitable[str]], "(arg0: number) => string | Promise<string>"),
        (Callable[..., int] | None, "((...args: any[]) => number | Promise<number>) | null"),
        (AsyncIterator[bytes], "AsyncIterable<Uint8Array>"), (Request, "Request"),
        (Color, "Color"), (UserId, "UserId"),
        (Annotated[str, "anything"], "string"), ("NotKnown", "any"),
    ],
)  # fmt: skip
def test_types(annotation: Any, type: str) -> None:
    assert declared(annotation) == f"{type}): Promise<void>;"


def test_results() -> None:
    assert declared(int, Response) == "number): Promise<Response>;"
    assert declared(int, Awaitable[int]) == "number): Promise<number>;"

    async def ticks() -> AsyncIterator[int]:
        yield 1

    assert tool_types({"ticks": ticks}) == "declare function ticks(): AsyncIterableIterator<number>;\n"


def test_fields_with_defaults_are_optional_only_when_the_program_sends_them() -> None:
    def give() -> Point: ...
    def take(point: Point) -> None: ...

    assert "y: number" in tool_types({"give": give})
    assert "y?: number" in tool_types({"take": take})
    assert "y?: number" in tool_types({"give": give, "take": take})


def test_groups_and_names_that_are_words_of_the_language() -> None:
    def remove(delete: bool) -> None:
        """Remove */ it."""

    assert tool_types({"files": {"delete": remove, "deep": {"x": remove}}}) == (
        "declare const files: {\n"
        "  /** Remove *\\/ it. */\n"
        "  delete(delete_: boolean): Promise<void>;\n"
        "  deep: {\n"
        "    /** Remove *\\/ it. */\n"
        "    x(delete_: boolean): Promise<void>;\n"
        "  };\n"
        "};\n"
    )


def test_names_of_the_platform_are_left_alone() -> None:
    def fire(event: Event) -> None: ...

    assert tool_types({"fire": fire}).startswith('interface ToolEvent {\n  kind: "a" | "b";\n}\n')


def test_nothing_optional_before_something_required() -> None:
    def odd(a: int = 1, *, b: str) -> None: ...

    assert "odd(a: number | undefined, options: { b: string })" in tool_types({"odd": odd})


@pytest.mark.parametrize("name", ["a-b", "class", "1a", "a.b", ""])
def test_names_that_no_program_could_call(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not a JavaScript identifier"):
        tool_types({name: len})


@pytest.mark.parametrize(
    "text",
    [
        "Summary.\n\n:param x: the x\n    goes on\n:param int y: the y\n:returns: z\n:raises E: never",
        "Summary.\n\nParameters\n----------\nx : int\n    the x\n    goes on\ny\n    the y\n\n"
        "Returns\n-------\nz",
        "Summary.\n\nArgs:\n    x (int): the x\n        goes on\n    y: the y\nReturns:\n    z\n"
        "Raises:\n    E: never",
    ],
)
def test_docstring_styles(text: str) -> None:
    def tool(x: int, y: int) -> None: ...

    tool.__doc__ = text
    assert tool_types({"tool": tool}).startswith(
        "/**\n * Summary.\n * @param x the x goes on\n * @param y the y\n * @returns z\n */\n"
    )
