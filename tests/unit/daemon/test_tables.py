"""Who holds which lease and which session, without a process."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolatejs.daemon.lease_table import LeaseTable
from isolatejs.daemon.session_table import SessionTable
from isolatejs.errors import DaemonError, NamespaceBusyError, QuotaExceededError
from isolatejs.sandbox.parked import ParkingLimits, Waiting


class Peer:
    """Stands for a connection."""

    def __init__(self, pid: int) -> None:
        self.pid = pid


class Process:
    """Stands for a sandbox: a name, and a process id that nobody has."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.pid = -1


def tables(leases: int = 10, **limits: Any) -> tuple[LeaseTable, SessionTable, Any, Any]:
    return (
        LeaseTable(leases),
        SessionTable(ParkingLimits(**limits)),
        cast("Any", Peer(1)),
        cast("Any", Peer(2)),
    )


def test_a_lease_belongs_to_one_client() -> None:
    leases, _, one, other = tables()
    lease = leases.add(one, cast("Any", Process("5")))
    assert leases.get("5", one) is lease
    for id, client in (("5", other), ("6", one), ("", one)):
        with pytest.raises(DaemonError, match="not leased to this client"):
            leases.get(id, client)


def test_room_counts_what_is_being_made() -> None:
    leases, _, one, _ = tables(leases=2)
    leases.reserve()
    leases.reserve()
    with pytest.raises(QuotaExceededError):
        leases.reserve()
    leases.unreserve()
    leases.add(one, cast("Any", Process("1")))
    with pytest.raises(QuotaExceededError):
        leases.reserve()


def test_a_session_goes_from_hand_to_hand() -> None:
    leases, sessions, one, other = tables()
    first, before = sessions.acquire("k", one)
    assert (first.lease, before) == (None, None)
    lease = leases.add(one, cast("Any", Process("1")))
    sessions.hold("k", first.number, lease, "rt_1")
    with pytest.raises(NamespaceBusyError, match="rt_1 of process 1") as caught:
        sessions.acquire("k", other)
    assert caught.value.holder == "rt_1 of process 1"
    assert sessions.put_aside("k", first.number, lease) == []
    assert lease.client is None
    second, before = sessions.acquire("k", other)
    assert second.lease is lease
    assert before is not None and before.keeper is one
    assert lease.client is other


def test_a_late_release_does_not_hit_the_next_acquisition() -> None:
    _, sessions, one, _ = tables()
    first, _ = sessions.acquire("k", one)
    sessions.release("k", first.number, one)
    second, _ = sessions.acquire("k", one)
    sessions.release("k", first.number, one)
    assert len(sessions) == 1
    sessions.release("k", second.number, one)
    assert len(sessions) == 0


def test_nobody_puts_aside_what_is_not_theirs() -> None:
    leases, sessions, one, other = tables()
    mine, _ = sessions.acquire("mine", one)
    theirs, _ = sessions.acquire("theirs", other)
    lease = leases.add(one, cast("Any", Process("1")))
    sessions.hold("mine", mine.number, lease, "rt")
    for key, number in (("theirs", theirs.number), ("mine", mine.number + 1), ("nobody", 1)):
        with pytest.raises(DaemonError):
            sessions.put_aside(key, number, lease)
    other_mine, _ = sessions.acquire("other", one)
    with pytest.raises(DaemonError, match="not the one of the namespace"):
        sessions.put_aside("other", other_mine.number, lease)


def test_a_client_that_goes_frees_its_names() -> None:
    leases, sessions, one, other = tables()
    held, _ = sessions.acquire("held", one)
    sessions.acquire("theirs", other)
    lease = leases.add(one, cast("Any", Process("1")))
    sessions.put_aside("held", held.number, lease)
    sessions.acquire("opening", one)
    sessions.forget_client(one)
    assert sorted(row["key"] for row in sessions.rows()) == ["held", "theirs"]


def test_a_private_session_ends_with_its_keeper() -> None:
    leases, sessions, one, other = tables()
    for key, private in (("nested:rt:a", True), ("b", False)):
        held, _ = sessions.acquire(key, one)
        lease = leases.add(one, cast("Any", Process(key)))
        sessions.put_aside(key, held.number, lease, private=private)
    assert sessions.forget_client(other) == []
    assert [session.key for session in sessions.forget_client(one)] == ["nested:rt:a"]
    assert [row["key"] for row in sessions.rows()] == ["b"]


@given(
    ages=st.lists(st.integers(0, 100), max_size=12),
    sizes=st.lists(st.integers(0, 50), min_size=12, max_size=12),
    count=st.integers(0, 12),
    idle_s=st.integers(1, 120),
    memory=st.integers(0, 300),
)
def test_what_stays_is_within_the_limits_and_nothing_goes_needlessly(
    ages: list[int], sizes: list[int], count: int, idle_s: int, memory: int
) -> None:
    limits = ParkingLimits(count=count, idle_ms=idle_s * 1000, memory_bytes=memory)
    waiting = [
        Waiting(100.0 - age, f"{n:02}", size) for n, (age, size) in enumerate(zip(ages, sizes, strict=False))
    ]
    ended = limits.surplus(waiting, 100.0)
    oldest_first = [one.key for one in sorted(waiting)]
    assert ended == oldest_first[: len(ended)]
    stay = [one for one in waiting if one.key not in ended]
    assert len(stay) <= count
    assert sum(one.memory_bytes for one in stay) <= memory
    assert all(100.0 - one.since < idle_s for one in stay)
    if ended:  # the last one that went had to
        last = next(one for one in waiting if one.key == ended[-1])
        with_it = [*stay, last]
        assert (
            len(with_it) > count
            or sum(one.memory_bytes for one in with_it) > memory
            or 100.0 - last.since >= idle_s
        )
