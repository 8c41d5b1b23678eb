"""How JavaScript arguments bind to Python parameters, and what is said when they do not fit."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict

import msgspec
import pydantic
import pytest

from isolatejs.capabilities.tools.paths import ToolValueError
from isolatejs.capabilities.tools.signatures import inspect_tool
from isolatejs.errors import ConfigurationError
from isolatejs.web.values import UNDEFINED, ArrayBuffer, BigInt, JSMap, JSSet, TypedArray


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(msgspec.Struct):
    street: str
    zip: int | None = None


class User(msgspec.Struct, rename="camel"):
    name: str
    age: int
    home_address: Address | None = None
    tags: list[str] = []


class Circle(msgspec.Struct, tag="circle"):
    r: float


class Square(msgspec.Struct, tag="square"):
    side: float


class Tree(msgspec.Struct):
    value: int
    children: list[Tree] = []


@dataclass
class Point:
    x: float
    y: float = 0.0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


class Options(TypedDict):
    depth: int
    label: NotRequired[str]


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Order(pydantic.BaseModel):
    id: int = pydantic.Field(ge=1)
    placed: datetime.datetime | None = None
    customer_name: str = pydantic.Field(default="", alias="customerName")


class Loose(pydantic.BaseModel):
    amount: int

    @pydantic.field_validator("amount", mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        return int(str(value).replace("_", ""))


Even = NewType("Even", int)


def greet(user: User, times: int = 1, *, loud: bool = False, context: Any = None) -> str:
    return user.name


def bind(function: Callable[..., Any], *arguments: Any) -> tuple[list[Any], dict[str, Any]]:
    return inspect_tool(function).bind(list(arguments))


def convert(annotation: Any, value: Any) -> Any:
    def tool(value: Any) -> None: ...

    tool.__annotations__["value"] = annotation
    (converted,), _ = inspect_tool(tool).bind([value])
    return converted


ADA = {"name": "Ada", "age": 36}


def test_positional_arguments_and_the_options_object() -> None:
    assert bind(greet, ADA) == ([User("Ada", 36), 1], {})
    assert bind(greet, ADA, 2, {"loud": True}) == ([User("Ada", 36), 2], {"loud": True})
    assert bind(greet, ADA, UNDEFINED, {"loud": True}) == ([User("Ada", 36), 1], {"loud": True})
    assert bind(greet, ADA, UNDEFINED, UNDEFINED) == ([User("Ada", 36), 1], {})


def test_context_is_not_a_programs_parameter() -> None:
    signature = inspect_tool(greet)
    assert signature.takes_context
    assert [parameter.name for parameter in signature.parameters] == ["user", "times"]
    with pytest.raises(ToolValueError, match="unknown option"):
        signature.bind([ADA, 1, {"context": 1}])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([{"name": "Ada", "age": "36"}], "greet: args[0].age: expected int, got str"),
        ([{"name": "Ada"}], "greet: args[0].age: missing"),
        ([{**ADA, "homeAddress": {"street": 1}}], "greet: args[0].homeAddress.street: expected str, got int"),
        ([{**ADA, "tags": ["a", None]}], "greet: args[0].tags[1]: expected str, got null"),
        ([{**ADA, "tags": {"a-b": 1}}], "greet: args[0].tags: expected list[str], got dict"),
        ([7], "greet: args[0]: expected User, got int"),
        ([], "greet: args[0]: missing, expected user"),
        ([UNDEFINED], "greet: args[0]: expected User, got undefined"),
        ([ADA, "2"], "greet: args[1]: expected int, got str"),
        ([ADA, {"loud": True}], "greet: args[1]: expected int, got dict"),
        ([ADA, 1, {"loud": "yes"}], "greet: args[2].loud: expected bool, got str"),
        ([ADA, 1, {"lound": True}], "greet: args[2].lound: unknown option, expected one of: loud"),
        ([ADA, 1, 3], "greet: args[2]: expected an options object, got int"),
        ([ADA, 1, {}, 4], "greet: expected 1 to 2 arguments and options, got 4"),
    ],
)
def test_what_does_not_fit_is_named_by_path(arguments: list[Any], message: str) -> None:
    with pytest.raises(ToolValueError) as raised:
        bind(greet, *arguments)
    assert str(raised.value) == message
    assert raised.value.tool == "greet"
    assert isinstance(raised.value, TypeError)


def test_an_object_is_never_spread_over_parameters() -> None:
    def move(x: int, y: int) -> None: ...

    with pytest.raises(ToolValueError, match=r"args\[0\]: expected int, got dict"):
        bind(move, {"x": 1, "y": 2})


def test_more_arguments_than_parameters_are_refused() -> None:
    def one(x: int) -> None: ...

    with pytest.raises(ToolValueError, match="one: expected 1 argument, got 2"):
        bind(one, 1, 2)


def test_rest_and_extra_options() -> None:
    def total(first: int, *more: int) -> int: ...
    def tag(**labels: str) -> None: ...

    assert bind(total, 1, 2, 3) == ([1, 2, 3], {})
    with pytest.raises(ToolValueError, match=r"args\[2\]: expected int"):
        bind(total, 1, 2, "3")
    assert bind(tag, {"a": "b"}) == ([], {"a": "b"})
    with pytest.raises(ToolValueError, match=r"args\[0\].a: expected str"):
        bind(tag, {"a": 1})


def test_required_option() -> None:
    def find(*, query: str) -> None: ...

    assert bind(find, {"query": "x"}) == ([], {"query": "x"})
    with pytest.raises(ToolValueError, match=r"args\[0\]\.query: missing"):
        bind(find)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 3.0, 3),
        (int, BigInt(5), 5),
        (float, 3, 3.0),
        (bytes, b"a", b"a"),
        (bytes, ArrayBuffer(b"a"), b"a"),
        (bytes, TypedArray("Int8Array", b"a"), b"a"),
        (str | None, UNDEFINED, None),
        (Color, "red", Color.RED),
        (Literal["a", 1], 1, 1),
        (uuid.UUID, str(uuid.UUID(int=5)), uuid.UUID(int=5)),
        (datetime.date, "2026-01-02", datetime.date(2026, 1, 2)),
        (Path, "a/b", Path("a/b")),
        (set[int], JSSet([1, 2]), {1, 2}),
        (frozenset[int], [1], frozenset({1})),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (dict[int, str], {"1": "a"}, {1: "a"}),
        (dict[str, int], JSMap({"a": 1}), {"a": 1}),
        (dict[str, int], {"a": 1, "b": UNDEFINED}, {"a": 1}),
        (Point, {"x": 1, "extra": 2}, Point(1.0)),
        (Options, {"depth": 1, "extra": 2}, {"depth": 1}),
        (Pair, {"left": 1}, Pair(1)),
        (Order, {"id": 1, "customerName": "Ada"}, Order(id=1, customerName="Ada")),
        (Loose, {"amount": "1_000"}, Loose(amount=1000)),
        (Circle | Square, {"type": "square", "side": 2}, Square(2.0)),
        (Tree, {"value": 1, "children": [{"value": 2}]}, Tree(1, [Tree(2)])),
        (Point | Address, {"street": "s", "zip": 1}, Address("s", 1)),
        (int | str | list[int], [1], [1]),
        (Annotated[int, msgspec.Meta(ge=3)], 3, 3),
        (Even, 4, 4),
        (Any, {"anything": 1}, {"anything": 1}),
    ],
)  # fmt: skip
def test_values_become_what_is_annotated(annotation: Any, value: Any, expected: Any) -> None:
    converted = convert(annotation, value)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, 3.5, "expected int, got float"),
        (int, True, "expected int, got bool"),
        (bool, 1, "expected bool, got int"),
        (bytes, "aGk=", "expected bytes, got str"),
        (datetime.datetime, "2026-01-01T00:00:00Z", "expected datetime, got str"),
        (Color, "rad", "expected 'red' | 'blue', got 'rad', did you mean 'red'?"),
        (Literal["low", 1], True, "expected 'low' | 1, got True"),
        (uuid.UUID, "x", "expected UUID, got 'x'"),
        (Point, {"x": -1}, "x is negative"),
        (tuple[int, str], [1], "expected list of 2 (int, str), got list"),
        (int | str, [], "expected int | str, got list"),
        (Circle | Square, {"type": "cube"}, "expected Circle | Square, got dict"),
        (Annotated[int, msgspec.Meta(ge=3)], 2, "expected int >= 3, got 2"),
        (Callable[[int], str], 3, "expected function, got int"),
    ],
)
def test_values_that_do_not_fit(annotation: Any, value: Any, message: str) -> None:
    with pytest.raises(ToolValueError) as raised:
        convert(annotation, value)
    assert str(raised.value) == f"tool: args[0]: {message}"


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (dict[str, list[int]], {"a b": [1, "2"]}, 'args[0]["a b"][1]'),
        (list[Point], [{"x": 1}, {"x": "1"}], "args[0][1].x"),
        (Order, {"id": 0}, "args[0].id"),
        (Order, {"id": "1"}, "args[0].id"),
        (list[Point] | Point, [{"x": "1"}], "args[0][0].x"),
        (dict[int, str], {"x": "a"}, "args[0].x"),
        (Tree, {"value": 1, "children": [{"value": 1, "children": [{}]}]},
         "args[0].children[0].children[0].value"),
    ],
)  # fmt: skip
def test_paths_lead_to_the_wrong_part(annotation: Any, value: Any, path: str) -> None:
    with pytest.raises(ToolValueError) as raised:
        convert(annotation, value)
    assert raised.value.path == path


def test_values_that_refer_to_themselves() -> None:
    loop: dict[str, Any] = {"value": 1}
    loop["children"] = [loop]
    with pytest.raises(ToolValueError, match="nested too deeply"):
        convert(Tree, loop)


def test_functions_and_streams_pass_as_they_are() -> None:
    async def callback(n: int) -> str: ...
    async def items() -> AsyncIterator[int]:
        yield 1

    assert convert(Callable[[int], Awaitable[str]], callback) is callback
    stream = items()
    assert convert(AsyncIterator[int], stream) is stream


def test_results_become_plain_values() -> None:
    def users() -> list[User]: ...
    def shape() -> Circle | Square: ...
    def order() -> Order: ...
    def color() -> Color | None: ...
    def identity() -> uuid.UUID: ...
    def nothing() -> None: ...
    def pair() -> tuple[int, Point]: ...

    ada = User("Ada", 36, Address("s"))
    assert inspect_tool(users).check_result([ada]) == [
        {"name": "Ada", "age": 36, "homeAddress": {"street": "s", "zip": None}, "tags": []}
    ]
    assert inspect_tool(users).check_result([{"name": "Ada", "age": 36, "secret": 1}]) == [ADA]
    assert inspect_tool(shape).check_result(Square(2)) == {"type": "square", "side": 2}
    assert inspect_tool(order).check_result(Order(id=1)) == {"id": 1, "placed": None, "customerName": ""}
    assert inspect_tool(color).check_result(Color.BLUE) == "blue"
    assert inspect_tool(color).check_result(None) is None
    assert inspect_tool(identity).check_result(uuid.UUID(int=0)) == "00000000-0000-0000-0000-000000000000"
    assert inspect_tool(nothing).check_result(None) is None
    assert inspect_tool(pair).check_result((1, Point(2))) == [1, {"x": 2.0, "y": 0.0}]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{"name": "Ada"}], "users: result[0].age: missing"),
        ([User("Ada", "36")], "users: result[0].age: expected int, got str"),  # type: ignore[arg-type]
        ([3], "users: result[0]: expected User, got int"),
        (3, "users: result: expected list[User], got int"),
        (None, "users: result: expected list[User], got null"),
    ],
)
def test_wrong_results_are_named_by_path(value: Any, message: str) -> None:
    def users() -> list[User]: ...

    with pytest.raises(ToolValueError) as raised:
        inspect_tool(users).check_result(value)
    assert str(raised.value) == message


def test_streams_are_checked_item_by_item() -> None:
    async def ticks(n: int) -> AsyncIterator[Point]:
        yield Point(1)

    signature = inspect_tool(ticks)
    assert signature.kind == "stream"
    assert signature.check_item(Point(1)) == {"x": 1.0, "y": 0.0}
    with pytest.raises(ToolValueError, match="ticks: item: expected Point, got int"):
        signature.check_item(1)


def test_callables_of_every_kind() -> None:
    class Service:
        def method(self, x: int) -> int:
            return x

        def __call__(self, y: str) -> str:
            return y

    assert inspect_tool(Service().method).bind([1]) == ([1], {})
    assert inspect_tool(Service()).bind(["a"]) == (["a"], {})
    assert inspect_tool(partial(greet, times=3)).bind([ADA])[0] == [User("Ada", 36)]
    assert inspect_tool(lambda x: x).bind([1]) == ([1], {})
    assert inspect_tool(len).name == "len"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (3, "not callable"),
        (lambda context, x: x, "`context` has to come after"),
        (lambda *rest, flag: 1, "both \\*rest and keyword-only"),
    ],
)
def test_functions_that_cannot_be_tools(function: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        inspect_tool(function, name="t")


def test_an_unresolvable_annotation_leaves_its_parameter_unchecked(caplog: pytest.LogCaptureFixture) -> None:
    def tool(a: NotImported, b: int) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert bind(tool, object, 1)[0][1] == 1
    assert "'NotImported' cannot be resolved" in caplog.text
    with pytest.raises(ToolValueError, match=r"args\[1\]"):
        bind(tool, 1, "x")
