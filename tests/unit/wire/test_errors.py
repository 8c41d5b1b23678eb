"""Which text of an error a program may read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from isolatejs.errors import (
    ConfigurationError,
    ConfinementError,
    DaemonError,
    IsolateError,
    NamespaceBusyError,
    RuntimeDisposedError,
    SandboxCrashedError,
    SandboxStartError,
)
from isolatejs.wire.encoding import encode_value
from isolatejs.wire.errors import NEUTRAL_MESSAGE, encode_error

SECRET = "/run/user/1000/daemon.sock"


def disposed_because(cause: IsolateError) -> RuntimeDisposedError:
    error = RuntimeDisposedError(f"the runtime rt_1 is gone: {cause}")
    error.__cause__ = cause
    return error


def started_badly() -> SandboxStartError:
    error = SandboxStartError("a sandbox cannot be started")
    error.__cause__ = OSError(2, "No such file", SECRET)
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DaemonError(f"no daemon listens at {SECRET}"), NEUTRAL_MESSAGE),
        (ConfinementError(f"no wall: {SECRET}"), NEUTRAL_MESSAGE),
        (SandboxStartError(f"a sandbox cannot be started: {SECRET}"), NEUTRAL_MESSAGE),
        (started_badly(), NEUTRAL_MESSAGE),
        (
            NamespaceBusyError(f"in use by {SECRET}", key="k", holder="process 7"),
            "the namespace 'k' is in use",
        ),
        (SandboxCrashedError(SECRET, signal=11), "the engine was ended by signal 11"),
        (SandboxCrashedError(SECRET, exit_code=3), "the engine exited with status 3"),
        (SandboxCrashedError(SECRET), "the sandbox ended"),
        (disposed_because(DaemonError(SECRET)), f"the runtime is gone: {NEUTRAL_MESSAGE}"),
        (disposed_because(disposed_because(SandboxCrashedError(SECRET, signal=9))), "ended by signal 9"),
        (RuntimeDisposedError("the runtime rt_1 has been disposed"), "the runtime rt_1 has been disposed"),
        (ConfigurationError("executionTimeout: a positive number"), "executionTimeout: a positive number"),
    ],
)
def test_nothing_of_the_host_is_in_what_a_program_reads(error: IsolateError, message: str) -> None:
    for reveal in (False, True):
        encoded = encode_error(error, reveal=reveal)
        assert encoded.name == type(error).__name__
        assert encoded.message.endswith(message)
        assert SECRET not in encoded.message
    nothing_alive: Any = None
    assert SECRET.encode() not in msgspec.json.encode(encode_value(error, [], nothing_alive))
