"""The part of `isolatejs doctor --attack` that attacks the type checker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isolatejs.host.attacks import run
from isolatejs.host.attacks.corpus import CORPUS, TYPE_CHECKER

if TYPE_CHECKING:
    import pytest

    from isolatejs.host.isolate_host import IsolateHost


async def test_every_attack_on_the_type_checker_is_contained(
    host: IsolateHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(TYPE_CHECKER) < set(CORPUS)
    monkeypatch.setattr(run, "CORPUS", TYPE_CHECKER)
    outcomes = [outcome async for outcome in run.run_attacks(host)]
    assert [outcome.attack.name for outcome in outcomes if outcome.verdict != "contained"] == []
    assert len(outcomes) == len(TYPE_CHECKER)
    assert all("does not typecheck" in outcome.detail for outcome in outcomes)
