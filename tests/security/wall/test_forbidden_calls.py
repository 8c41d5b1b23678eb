"""A helper behind the same wall, in the engine's place, tries what no sandbox may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.engine import find_engine
from isolatejs.sandbox.launcher.probe import FORBIDDEN_CALLS

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.probe import Verdict

ATTEMPTS = (
    "read /etc/passwd",
    "read /proc/self/environ",
    "list the root directory",
    "create a file",
    "open an internet socket",
    "open a Unix socket",
    "start a process",
    "execute a program",
    "execute the engine again",
    "signal every process",
    "signal process 2",
    "raise a limit",
    "become root",
    "queue a signal",
    "shared anonymous memory",
    "memory that grows downwards",
    "huge pages",
    "wait for a lock",
    "out-of-band data",
    "execute again by its descriptor",
    "execute again by the path /engine/deno",
    *(f"execute again by the path {path}" for path in find_engine().libraries),
    *FORBIDDEN_CALLS,
)


@pytest.fixture(scope="module")
async def verdict(pool: EmbeddedPool) -> Verdict:
    return await pool.try_wall(sweep=True)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_refused(verdict: Verdict, name: str) -> None:
    (attempt,) = [attempt for attempt in verdict.attempts if attempt.name == name]
    assert attempt.refused, attempt.detail


def test_every_system_call_that_no_rule_allows_is_refused(verdict: Verdict) -> None:
    assert verdict.swept > 350
    assert verdict.not_refused == ()


def test_nothing_is_tried_that_is_not_listed_here(verdict: Verdict) -> None:
    assert {attempt.name for attempt in verdict.attempts} == set(ATTEMPTS)


def test_every_layer_holds(verdict: Verdict) -> None:
    assert [layer for layer in verdict.layers if not layer.held] == []
