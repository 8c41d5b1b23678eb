"""Checkers that nobody needs any more end; those of a host end with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.pool import EmbeddedPool
from isolatejs.typechecking import checker as checkers_module
from isolatejs.typechecking.checker import Checkers
from isolatejs.typechecking.scopes import ScopeConfig
from isolatejs.typechecking.source_files import source_file

if TYPE_CHECKING:
    from isolatejs.typechecking.checker import Checker

FILE = source_file("/index.ts", "const a: number = 1; export {};")


async def check(checker: Checker) -> None:
    (report,) = await checker.check(ScopeConfig(""), [FILE], [FILE], 60_000)
    assert report.items is not None


async def until(pool: EmbeddedPool, alive: int) -> None:
    async with asyncio.timeout(60):
        while pool.statistics()["alive"] != alive:
            await asyncio.sleep(0.02)  # poll


async def test_idle_checkers_and_the_spare_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers_module, "TYPECHECKER_IDLE_S", 0.5)
    async with EmbeddedPool(pool_size=0) as pool:
        checkers = Checkers(pool)
        checker = checkers.checker()
        await check(checker)
        await until(pool, 0)
        assert not checker.is_warm
        await check(checker)
        await checkers.close()
        await until(pool, 0)


async def test_no_more_idle_checkers_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers_module, "TYPECHECKERS_IDLE_LIMIT", 2)
    async with EmbeddedPool(pool_size=0) as pool:
        checkers = Checkers(pool)
        mine = [checkers.checker() for _ in range(4)]
        for checker in mine:
            await check(checker)
        assert [checker.is_warm for checker in mine] == [False, False, True, True]
        await checkers.close()
        await until(pool, 0)


async def test_only_so_many_check_at_once_and_each_waits_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers_module, "TYPECHECKS_AT_ONCE_LIMIT", 1)
    async with EmbeddedPool(pool_size=0) as pool:
        checkers = Checkers(pool)
        greedy, other = checkers.checker(), checkers.checker()
        order: list[str] = []

        async def named(checker: Checker, name: str) -> None:
            await check(checker)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for n in range(5):
                group.create_task(named(greedy, f"greedy {n}"))
            await asyncio.sleep(0)
            group.create_task(named(other, "other"))
        assert order.index("other") <= 1
        await checkers.close()
        await until(pool, 0)
