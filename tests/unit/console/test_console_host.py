"""The console's host half and the event-callback helper, without a sandbox."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from isolatejs.capabilities.console.bindings import ConsoleBindings, ConsoleEntry, as_console_bindings
from isolatejs.capabilities.console.contract import EntryLogged
from isolatejs.capabilities.console.host import ConsoleHost
from isolatejs.capabilities.events import call_event_handler
from isolatejs.errors import ConfigurationError, GuestProtocolError, OutputLimitError
from isolatejs.limits import CONSOLE_ENTRY_LIMIT_BYTES, EVENT_TASKS_LIMIT, OUTPUT_LIMIT_BYTES
from isolatejs.wire.message import EncodedValue, wire_name

LOGGER = logging.getLogger("tests.console")


class Console:
    """A console half with the scope that a runtime would give it."""

    def __init__(self, **options: Any) -> None:
        self.entries: list[ConsoleEntry] = []
        self.failures: list[BaseException] = []
        scope: Any = SimpleNamespace(runtime_id="rt_1", logger=LOGGER, fail=self.failures.append)
        self.half = ConsoleHost(ConsoleBindings(self.entries.append, **options), scope)

    def log(self, values: Any = None, **fields: Any) -> None:
        fields = {"type": "output", "level": "log", "stdout": "", "group_depth": 0, "timestamp": 1.0} | fields
        encoded = None if values is None else EncodedValue(p=msgspec.Raw(msgspec.json.encode(values)))
        note: Any = SimpleNamespace(attachments=[], decode=lambda encoded: msgspec.json.decode(encoded.p))
        self.half.entry_logged(EntryLogged(values=encoded, **fields), note)


def test_message_is_named_by_the_rule() -> None:
    assert wire_name(EntryLogged) == "console.entryLogged"


def test_entry_arrives_with_its_fields() -> None:
    console = Console()
    console.log(["a", 1], stdout="a 1", group_depth=2, timestamp=5.5)
    assert console.entries == [
        ConsoleEntry(type="output", stdout="a 1", group_depth=2, timestamp=5.5, values=("a", 1))
    ]
    assert console.entries[0].text == "    a 1"


def test_values_are_not_decoded_when_nobody_wants_them() -> None:
    console = Console(values=False)
    console.log(["a"], stdout="a")
    assert console.entries[0].values == ()


def test_long_entry_is_cut_and_marked() -> None:
    console = Console()
    console.log(stdout="x" * (CONSOLE_ENTRY_LIMIT_BYTES + 1000))
    assert len(console.entries[0].stdout) < CONSOLE_ENTRY_LIMIT_BYTES + 64
    assert console.entries[0].stdout.endswith("… [1000 more characters]")


def test_too_much_output_fails_the_runtime() -> None:
    console = Console()
    text = "x" * CONSOLE_ENTRY_LIMIT_BYTES
    for _ in range(OUTPUT_LIMIT_BYTES // CONSOLE_ENTRY_LIMIT_BYTES + 1):
        console.log(stdout=text)
    assert len(console.entries) < OUTPUT_LIMIT_BYTES // CONSOLE_ENTRY_LIMIT_BYTES + 1
    (failure,) = console.failures
    assert isinstance(failure, OutputLimitError)
    assert failure.runtime_id == "rt_1"
    assert failure.value == OUTPUT_LIMIT_BYTES


def test_empty_entries_count_too() -> None:
    console = Console()
    console.half._output_bytes = OUTPUT_LIMIT_BYTES  # as if it had written that much
    console.log()
    assert console.entries == []
    assert len(console.failures) == 1


@pytest.mark.parametrize("fields", [{"type": "nonsense"}, {"level": "fatal"}])
def test_unknown_type_is_a_protocol_error(fields: dict[str, str]) -> None:
    with pytest.raises(GuestProtocolError):
        Console().log(**fields)


def test_hostile_group_depth_does_not_blow_up_the_text() -> None:
    console = Console()
    console.log(stdout="x", group_depth=10**9)
    console.log(stdout="x", group_depth=-5)
    assert len(console.entries[0].text) < 10_000
    assert console.entries[1].text == "x"


def test_browser_output_has_its_location() -> None:
    console = Console()
    console.half.browser_output("warn", "hello", location={"url": "https://a/", "line": 3}, timestamp=2.0)
    (entry,) = console.entries
    assert (entry.type, entry.level, entry.stdout, entry.timestamp) == ("browserOutput", "warn", "hello", 2.0)
    assert entry.location == {"url": "https://a/", "line": 3}


def test_without_bindings_the_guest_is_told_to_be_silent() -> None:
    scope: Any = SimpleNamespace(runtime_id="rt_1", logger=LOGGER)
    assert ConsoleHost(None, scope).grant() == {"enabled": False}


def test_bindings_are_a_callable_a_dict_or_the_class() -> None:
    def handler(entry: ConsoleEntry) -> None:
        pass

    assert as_console_bindings(None) is None
    assert as_console_bindings(handler) == ConsoleBindings(handler)
    assert as_console_bindings({"on_entry": handler, "colors": True}) == ConsoleBindings(handler, colors=True)
    with pytest.raises(ConfigurationError, match="did you mean 'on_entry'"):
        as_console_bindings({"onEntry": handler})
    with pytest.raises(ConfigurationError, match="needs on_entry"):
        as_console_bindings({"values": True})
    with pytest.raises(ConfigurationError, match="callable"):
        as_console_bindings(3)
    with pytest.raises(ConfigurationError, match="callable"):
        ConsoleBindings(on_entry=3)  # type: ignore[arg-type]


def test_handler_that_raises_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    def handler() -> None:
        raise ValueError("broken handler")

    call_event_handler(handler, logger=LOGGER)
    assert "broken handler" in caplog.text


async def test_what_a_handler_returns_runs_on(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    async def handler(name: str) -> None:
        await asyncio.sleep(0)
        ran.append(name)

    async def failing() -> None:
        raise ValueError("in a task")

    call_event_handler(handler, "async", logger=LOGGER)
    call_event_handler(lambda: asyncio.ensure_future(handler("task")), logger=LOGGER)
    call_event_handler(failing, logger=LOGGER)
    assert ran == []
    for _ in range(5):
        await asyncio.sleep(0)
    assert ran == ["async", "task"]
    assert caplog.text.count("failing failed") == 1


async def test_tasks_of_one_handler_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()
    ended: list[int] = []

    async def handler(number: int) -> None:
        await release.wait()
        ended.append(number)

    for number in range(EVENT_TASKS_LIMIT + 3):
        call_event_handler(handler, number, logger=LOGGER)
    assert caplog.text.count("one more was closed") == 3
    release.set()
    while len(ended) < EVENT_TASKS_LIMIT:
        await asyncio.sleep(0)  # poll
    await asyncio.sleep(0)
    call_event_handler(handler, -1, logger=LOGGER)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ended[-1] == -1


def test_interrupt_passes() -> None:
    def handler() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_event_handler(handler, logger=LOGGER)


def test_the_indented_text_of_an_entry_is_bounded() -> None:
    entry = ConsoleEntry(type="output", stdout="\n" * 1000, group_depth=1000)
    assert len(entry.text) < 70 * 1001


@pytest.mark.parametrize("wrong", [{"values": 1}, {"values": "no"}, {"colors": None}])
def test_switches_are_bools(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=f"bindings.console.{name} must be a bool"):
        as_console_bindings({"on_entry": print, **wrong})
