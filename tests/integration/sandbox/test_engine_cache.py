"""The cache of compiled guest code through real engines: filled once, used and never written by sandboxes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fakes.raw_guest import evaluate, leased, raw_pool
from isolatejs.sandbox.engine_cache import EngineCache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "isolatejs"


def contents(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


async def test_it_is_filled_once_and_then_used(home: Path) -> None:
    async with raw_pool() as pool, leased(pool):
        assert pool._client is not None
        assert pool._client.cached
    filled = contents(home)
    assert any(name.endswith("v8_code_cache_v2") for name in filled)
    async with raw_pool() as pool, leased(pool) as sandbox:
        assert await evaluate(sandbox, "6 * 7") == "42"
    assert contents(home) == filled


async def test_a_sandbox_cannot_write_it(home: Path) -> None:
    async with raw_pool() as pool, leased(pool) as sandbox:
        before = contents(home)
        for code in (
            "Deno.writeTextFile('/cache/v8_code_cache_v2', 'x')",
            "caches.open('x').then((c) => c.put('http://a/', new Response('x')))",
            "import('node:fs').then((fs) => fs.writeFileSync('/cache/x', 'x'))",
        ):
            answer = await evaluate(sandbox, code)
            assert answer == "" or answer.startswith("threw")
    assert contents(home) == before


@pytest.fixture
def blocked_home(home: Path) -> None:
    home.touch()  # a file where the directory would be


@pytest.mark.usefixtures("blocked_home")
async def test_where_nothing_can_be_kept_sandboxes_start_without() -> None:
    async with raw_pool() as pool, leased(pool) as sandbox:
        assert pool._client is not None
        assert not pool._client.cached
        assert await evaluate(sandbox, "6 * 7") == "42"


async def test_a_cache_that_vanishes_while_a_host_starts_costs_no_layer(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another host may remove it as one of the oldest between the look at it and its reading."""
    async with raw_pool() as pool:
        before = pool.confinement
    look = EngineCache.files

    def look_and_lose(cache: EngineCache) -> dict[str, str]:
        found = look(cache)
        shutil.rmtree(home)
        return found

    monkeypatch.setattr(EngineCache, "files", look_and_lose)
    monkeypatch.setattr(EngineCache, "store", lambda *_: False)
    async with raw_pool() as pool, leased(pool) as sandbox:
        assert pool._client is not None
        assert not pool._client.cached
        assert pool.confinement == before
        assert await evaluate(sandbox, "6 * 7") == "42"
