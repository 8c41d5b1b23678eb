"""What the command writes, and what it keeps from a terminal."""

from __future__ import annotations

import io
import json

import pytest

from isolatejs.capabilities.console.bindings import ConsoleEntry
from isolatejs.cli.output import Terminal, describe_error, error_document, for_terminal
from isolatejs.errors import ExecutionTimeoutError, GuestError, SandboxCrashedError
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
