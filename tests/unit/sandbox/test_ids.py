"""Which user ids sandboxes get where the host is root without user namespaces."""

from __future__ import annotations

from isolatejs.sandbox.launcher.ids import OWN_IDS, SandboxIds
from isolatejs.sandbox.launcher.wall import UNPRIVILEGED_ID

ALL_IDS = "         0          0 4294967295\n"
SOME_IDS = "0 100000 65536\n"
ONE_ID = "0 1000 1\n"


def test_each_sandbox_has_an_id_of_its_own() -> None:
    ids = SandboxIds(ALL_IDS)
    taken = {ids.take() for _ in range(10_000)}
    assert ids.are_own
    assert len(taken) == 10_000
    assert all(id in OWN_IDS for id in taken)


def test_two_launchers_do_not_start_with_the_same() -> None:
    assert len({SandboxIds(ALL_IDS).take() for _ in range(10)}) > 1


def test_where_few_ids_exist_all_are_nobody() -> None:
    for uid_map in (SOME_IDS, ONE_ID, ""):
        ids = SandboxIds(uid_map)
        assert not ids.are_own
        assert [ids.take(), ids.take()] == [UNPRIVILEGED_ID, UNPRIVILEGED_ID]
