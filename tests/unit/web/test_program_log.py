"""What a program can write into the embedder's log has a bound."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest

from isolatejs.channel.channel import Channel
from isolatejs.errors import SandboxCrashedError
from isolatejs.limits import PROGRAM_LOG_LIMIT_CHARACTERS, PROGRAM_LOG_LIMIT_LINES
from isolatejs.web.program_log import own_budget, program_logger
from isolatejs.wire.framing import encode_frame

logger = program_logger("isolatejs.tests")


def test_a_program_floods_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with own_budget():
        for number in range(3 * PROGRAM_LOG_LIMIT_LINES):
            logger.warning("line %d", number)
    assert len(caplog.records) == PROGRAM_LOG_LIMIT_LINES + 1
    assert "further lines are left out" in caplog.records[-1].getMessage()
    caplog.clear()
    with own_budget():
        logger.warning("another runtime's line")
    assert [record.getMessage() for record in caplog.records] == ["another runtime's line"]


def test_a_program_writes_long_lines(caplog: pytest.LogCaptureFixture) -> None:
    with own_budget():
        for _ in range(PROGRAM_LOG_LIMIT_LINES):
            logger.warning("the program left an error: %s", "x" * 1_000_000)
    assert sum(len(record.getMessage()) for record in caplog.records) < 2 * PROGRAM_LOG_LIMIT_CHARACTERS


def test_children_that_a_program_opens_one_after_another_count_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with own_budget():
        for _ in range(50):
            with own_budget():
                for _ in range(100):
                    logger.warning("a child's line")
    assert len(caplog.records) <= PROGRAM_LOG_LIMIT_LINES + 50


def test_an_expected_error_is_logged_without_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise SandboxCrashedError("the engine was ended " + "x" * 100_000)
    except SandboxCrashedError as error:
        logger.warning("the handler failed", exc_info=error)
    try:
        raise KeyError("a failure of our own")
    except KeyError:
        logger.exception("the handler failed")
    crashed, failed = caplog.records
    assert crashed.exc_info is None
    assert "SandboxCrashedError: the engine was ended" in crashed.getMessage()
    assert len(crashed.getMessage()) < 5_000
    assert failed.exc_info is not None
    assert failed.funcName == "test_an_expected_error_is_logged_without_its_traceback"


async def test_what_a_guest_sends_counts_for_its_channel(caplog: pytest.LogCaptureFixture) -> None:
    """Its frames are read in the context of its own channel, handlers that wait included."""

    class Talkative:
        async def event_emitted(self, message: object, note: object) -> None:
            await asyncio.sleep(0)
            logger.warning("a line")

    from isolatejs.capabilities.host_events import contract

    ours, theirs = socket.socketpair()
    channel = await Channel.open(theirs, on_closed=lambda _: None, raise_guest_error=lambda *_: OSError())
    try:
        channel.handle(contract, Talkative())
        one = encode_frame(b'[3,"host_events.eventEmitted",{"name":"a","payload":{"p":1}}]')
        ours.setblocking(False)
        for _ in range(20):
            await asyncio.get_running_loop().sock_sendall(ours, one * 100)
        async with asyncio.timeout(30):
            while len(caplog.records) <= PROGRAM_LOG_LIMIT_LINES:
                await asyncio.sleep(0.01)  # poll
        lines = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert len(lines) == PROGRAM_LOG_LIMIT_LINES + 1
    finally:
        channel.close()
        ours.close()
        await channel.wait_closed(1)
