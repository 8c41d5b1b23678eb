"""What the command writes, and what it keeps from a terminal."""

from __future__ import annotations

import io
import json
import re
from random import Random
from typing import Any

import pytest

from isolatejs.capabilities.console.bindings import ConsoleEntry
from isolatejs.cli.output import Terminal, as_json, bounded_repr, describe_error, error_document
from isolatejs.errors import ExecutionTimeoutError, GuestError, SandboxCrashedError
from isolatejs.terminal_text import for_terminal, one_line, plain_text
from isolatejs.web.abort import AbortSignal
from isolatejs.web.values import HOLE, UNDEFINED, BigInt, JSMap, JSSet, TypedArray


class FakeTty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_color_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def write(entry: ConsoleEntry, *, tty: bool = False, all_to_stderr: bool = False) -> tuple[str, str]:
    out, err = (FakeTty(), FakeTty()) if tty else (io.StringIO(), io.StringIO())
    Terminal(out, err).write_entry(entry, all_to_stderr=all_to_stderr)
    return out.getvalue(), err.getvalue()


def test_levels_choose_the_stream() -> None:
    assert write(ConsoleEntry(type="output", level="log", stdout="a")) == ("a\n", "")
    assert write(ConsoleEntry(type="output", level="info", stdout="a")) == ("a\n", "")
    assert write(ConsoleEntry(type="output", level="warn", stdout="a")) == ("", "a\n")
    assert write(ConsoleEntry(type="output", level="error", stdout="a")) == ("", "a\n")
    assert write(ConsoleEntry(type="trace", stdout="a")) == ("", "a\n")


def test_json_mode_keeps_standard_output_free() -> None:
    assert write(ConsoleEntry(type="output", stdout="a"), all_to_stderr=True) == ("", "a\n")


def test_groups_indent_every_line() -> None:
    assert write(ConsoleEntry(type="output", stdout="a\nb", group_depth=2))[0] == "    a\n    b\n"


@pytest.mark.parametrize("type", ["groupEnd", "countReset", "clear"])
def test_entries_without_text_write_nothing(type: str) -> None:
    assert write(ConsoleEntry(type=type)) == ("", "")  # type: ignore[arg-type]


def test_terminal_gets_colours() -> None:
    assert write(ConsoleEntry(type="output", level="error", stdout="a"), tty=True)[1] == "\x1b[31ma\x1b[0m\n"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert write(ConsoleEntry(type="output", level="error", stdout="a"), tty=True)[1] == "a\n"


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b]52;c;cm0gLXJm\x07x", "x"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x1b[2J\x1b[Hx", "x"),
        ("\x1bcx", "x"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("over\rwritten\b\b", "overwritten"),
        ("\x9b2Jx", "2Jx"),
        ("a\tb\nc", "a\tb\nc"),
        ("x\x1b", "x"),
    ],
)
def test_terminal_is_not_driven_by_the_program(hostile: str, safe: str) -> None:
    assert for_terminal(hostile) == safe


def test_pipe_gets_the_bytes_as_they_are() -> None:
    assert write(ConsoleEntry(type="output", stdout="\x1b[2Jx"))[0] == "\x1b[2Jx\n"


def test_guest_error_shows_its_source_line_and_place() -> None:
    error = GuestError(
        "x is not defined",
        name="ReferenceError",
        stack="ReferenceError: x is not defined\n    at f (/main.ts:3:9)\n    at /main.ts:5:1",
        filename="/main.ts",
        line=3,
        column=9,
        source_line="\treturn x + 1;",
        cause=GuestError("inner", name="TypeError"),
    )
    assert describe_error(error).split("\n") == [
        "ReferenceError: x is not defined",
        "  3 | \treturn x + 1;",
        "    | \t       ^",
        "    at f (/main.ts:3:9)",
        "    at /main.ts:5:1",
        "Caused by TypeError: inner",
    ]


def test_error_without_frames_names_its_place() -> None:
    error = GuestError("Unexpected token", name="SyntaxError", filename="/a.ts", line=1, column=2)
    assert describe_error(error) == "SyntaxError: Unexpected token\n    at /a.ts:1:2"


def test_crash_shows_the_last_words_of_the_engine() -> None:
    error = SandboxCrashedError("the engine died", signal=11, stderr_tail="# Fatal error\n")
    assert describe_error(error) == "the engine died\n# Fatal error"


def test_json_value_is_one_line() -> None:
    out = io.StringIO()
    Terminal(out, io.StringIO()).write_json({"value": {"bytes": b"\x01\x02", "set": {1}, "text": "é\n"}})
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == {"value": {"bytes": [1, 2], "set": [1], "text": "é\n"}}


def test_json_holds_the_nearest_of_every_value() -> None:
    cycle: list[object] = [1]
    cycle.append(cycle)
    value: list[object] = [
        UNDEFINED,
        float("nan"),
        BigInt(5),
        JSSet([1, 2]),
        JSMap([(1, "a")]),
        {"k": HOLE},
        cycle,
    ]
    value.append(TypedArray("Int16Array", b"\x01\x00\xff\xff"))
    out = io.StringIO()
    Terminal(out, io.StringIO()).write_json({"value": value})
    assert json.loads(out.getvalue())["value"] == [
        None, None, 5, [1, 2], [[1, "a"]], {"k": None}, [1, "[Circular]"], [1, -1]
    ]  # fmt: skip
    deep: object = 0
    for _ in range(100_000):
        deep = [deep]
    Terminal(out, io.StringIO()).write_json({"value": deep})


def test_json_error_names_the_limit() -> None:
    document = error_document(ExecutionTimeoutError("too long", limit="execution_timeout_ms", value=10))
    assert document["limit"] == "execution_timeout_ms"
    assert document["value"] == 10


def test_nothing_is_left_that_drives_a_terminal() -> None:
    """Whatever is taken out, what remains does not come together to a new sequence."""
    random = Random(7)
    alphabet = "\x1b\x1b\x1b[[]]PX^_0123;;mmJHc\\\x07\x9b\x9d\x00\r\n a?$"
    for _ in range(20_000):
        text = for_terminal("".join(random.choices(alphabet, k=random.randrange(14))))
        assert re.fullmatch(r"(?:\x1b\[[0-9;]*m|[^\x00-\x08\x0b-\x1f\x7f-\x9f])*", text), repr(text)
        assert not set(plain_text(text)) & set("\x1b\x07\x9b")


def test_names_on_one_line() -> None:
    assert one_line("a > größe 😀") == "a > größe 😀"
    assert one_line("a\nb\x1b[2J\x9b\u202e") == r"a\nb\x1b[2J\x9b\u202e"
    assert one_line("👩\u200d🚀\n") == "👩\u200d🚀\\n"


def shared(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value, value]
    return value


def test_values_that_share_their_parts_are_cut() -> None:
    """A value of 40 nodes would be shown as 2**40 of them."""
    value = shared(40)
    assert len(bounded_repr(value)) < 2_000_000
    assert bounded_repr(value).endswith("...")
    text = bounded_repr({"a": shared(5), "b": [value]})
    assert text.startswith("{'a': [[[[[")


def test_json_of_values_that_share_their_parts_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isolatejs.cli.output.VALUE_NODES_LIMIT", 10_000)
    assert len(json.dumps(as_json(shared(40)))) < 1_000_000


@pytest.mark.parametrize(
    "value",
    [[], {}, set(), frozenset(), (), (1,), (1, 2), [1, "a", None, 1.5], {"a": [1], 2: {"b": ()}}, {1}, frozenset({1}),
     JSMap([(1, [2]), ("a", JSSet([1]))]), JSSet(), AbortSignal.abort("x"), [[[]]], {"x": {"y": {"z": b"q"}}}, UNDEFINED],
)  # fmt: skip
def test_values_are_shown_as_python_shows_them(value: Any) -> None:
    assert bounded_repr(value) == repr(value)


def test_cycles_are_shown() -> None:
    value: list[Any] = [1]
    value.append(value)
    assert bounded_repr(value) == "[1, ...]"
