"""Arguments that share their parts: a few hundred bytes that would be gigabytes when each mention is copied."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

import msgspec
import pydantic
import pytest

from isolatejs import GuestError, IsolateHost, ScriptRuntime

MOST_S = 5.0
"""Processor time of the host for one call. Each of these took from ten seconds to forever."""


class Tree(msgspec.Struct):
    left: Tree | None = None
    right: Tree | None = None


@dataclass
class Branch:
    left: Branch | None = None
    right: Branch | None = None


class Twig(TypedDict, total=False):
    left: Twig
    right: Twig


class Model(pydantic.BaseModel):
    left: Model | None = None
    right: Model | None = None


@dataclass
class Even:
    next: Odd | Even | None = None
    wrong: int = 0


@dataclass
class Odd:
    next: Even | Odd | None = None
    wrong: int = 0
    names: dict[str, Odd] = field(default_factory=dict)


def rows(rows: list[list[int]]) -> int:
    return sum(map(len, rows))


def table(rows: dict[str, dict[str, list[float]]]) -> int:
    return len(rows)


def struct(tree: Tree) -> Tree:
    return tree


def plain(tree: Branch) -> bool:
    return tree.left is tree.right


def typed(tree: Twig) -> None: ...


def model(tree: Model) -> None: ...


def choice(value: Even | Odd) -> None: ...


def level(level: Literal["low", "high"]) -> None: ...


def anything(value: Any) -> bool:
    return value[0] is value[1]


TOOLS = {tool.__name__: tool for tool in (rows, table, struct, plain, typed, model, choice, level, anything)}
GRAPH = "(n, leaf = {}) => { let x = leaf; for (let i = 0; i < n; i++) x = { left: x, right: x }; return x; }"


@pytest.fixture(scope="module")
async def runtime(host: IsolateHost) -> AsyncIterator[ScriptRuntime]:
    async with await host.create_runtime(bindings={"tools": TOOLS}) as runtime:
        await runtime.eval(f"globalThis.graph = {GRAPH}")
        yield runtime


async def refusal(runtime: ScriptRuntime, call: str) -> str:
    began = time.process_time()
    with pytest.raises(GuestError) as raised:
        await runtime.eval(call)
    assert time.process_time() - began < MOST_S
    assert raised.value.name == "TypeError"
    return raised.value.message


@pytest.mark.parametrize(
    "call",
    [
        "rows(Array(15_000).fill(Array(15_000).fill(1)))",
        "table(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [i, r])))".replace(
            "r]", "globalThis.r]"
        ),
        "struct(graph(100))",
        "plain(graph(100))",
        "typed(graph(100))",
        "model(graph(100))",
        "model(graph(18))",
    ],
)
async def test_shared_parts_are_more_than_a_typed_tool_takes(runtime: ScriptRuntime, call: str) -> None:
    await runtime.eval(
        "globalThis.r = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [i, [1, 2]]))"
    )
    assert "when each mention counts" in await refusal(runtime, f"await {call}")


async def test_shared_parts_stay_shared(runtime: ScriptRuntime) -> None:
    """A million parts of a few kilobytes: converted once for each part that there is."""
    began = time.process_time()
    assert await runtime.eval("await rows(Array(1_000).fill(Array(1_000).fill(1)))") == 1_000_000
    assert await runtime.eval("await plain(graph(20))") is True
    assert await runtime.eval("(await struct(graph(18))).left.right !== undefined") is True
    assert await runtime.eval("await anything(((x) => [x, x])(graph(100)))") is True
    assert time.process_time() - began < MOST_S


async def test_a_mistake_behind_many_choices_is_found_in_one_pass(runtime: ScriptRuntime) -> None:
    """Each step can be read in two ways: 2 ** 60 of them, for a tree that shares nothing."""
    chain = "let x = { wrong: 'text' }; for (let i = 0; i < 60; i++) x = { next: x };"
    assert "expected" in await refusal(runtime, f"{chain} await choice(x)")


async def test_no_suggestion_for_a_long_text(runtime: ScriptRuntime) -> None:
    message = await refusal(runtime, "await level('x'.repeat(20_000_000))")
    assert len(message) < 1_000
    assert "did you mean 'high'" in await refusal(runtime, "await level('hihg')")


async def test_paths_of_mistakes_are_short(runtime: ScriptRuntime) -> None:
    """The path of a part is put together when it is wrong, not at each step: names may have megabytes."""
    names = "({ ['k'.repeat(400_000)]: { ['k'.repeat(400_000)]: Array(50_000).fill(1.5).concat('x') } })"
    message = await refusal(runtime, f"await table({names})")
    assert len(message) < 2_000
