"""The cache of compiled guest code: its key, whom it trusts, what it keeps."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.engine import Engine
from isolatejs.sandbox.engine_cache import DATABASES, KEPT_CACHES, EngineCache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make_cache(tmp_path: Path, content: str = "1") -> EngineCache:
    engine, file = tmp_path / "deno", tmp_path / "main.js"
    if not engine.exists():
        engine.touch()
    file.write_text(content)
    return EngineCache(Engine(str(engine), ()), {"guest/main.js": str(file)})


@pytest.fixture
def left_behind(tmp_path: Path) -> int:
    """A directory as an engine leaves it, open."""
    directory = tmp_path / "left"
    directory.mkdir()
    for name in DATABASES:
        with sqlite3.connect(directory / name) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE rows (a)")
            database.execute("INSERT INTO rows VALUES (42)")
        database.close()
    descriptor = os.open(directory, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_an_engine_left_is_kept_and_readable(tmp_path: Path, left_behind: int) -> None:
    cache = make_cache(tmp_path)
    assert cache.files() == {}
    assert cache.store(left_behind)
    files = cache.files()
    assert set(files) == {name + suffix for name in DATABASES for suffix in ("", "-wal", "-shm")}
    for name in DATABASES:
        database = sqlite3.connect(f"file:{files[name]}?mode=ro", uri=True)
        assert database.execute("SELECT a FROM rows").fetchone() == (42,)
        assert database.execute("SELECT count(*) FROM sqlite_stat1").fetchone()
        database.close()


def test_another_image_is_another_cache(tmp_path: Path, left_behind: int) -> None:
    assert make_cache(tmp_path, "1").store(left_behind)
    assert make_cache(tmp_path, "2").files() == {}
    assert make_cache(tmp_path, "1").files() != {}


def test_a_cache_that_others_could_write_is_not_used(tmp_path: Path, home: Path, left_behind: int) -> None:
    cache = make_cache(tmp_path)
    assert cache.store(left_behind)
    (home / "isolatejs").chmod(0o777)
    assert cache.files() == {}


def test_a_link_in_its_place_is_not_used(tmp_path: Path, home: Path, left_behind: int) -> None:
    cache = make_cache(tmp_path)
    assert cache.store(left_behind)
    (home / "isolatejs").rename(home / "elsewhere")
    (home / "isolatejs").symlink_to(home / "elsewhere")
    assert cache.files() == {}


def test_an_incomplete_directory_is_not_kept(tmp_path: Path, home: Path, left_behind: int) -> None:
    (tmp_path / "left" / DATABASES[0]).unlink()
    cache = make_cache(tmp_path)
    assert not cache.store(left_behind)
    assert list((home / "isolatejs").iterdir()) == []


def test_without_a_home_there_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_behind: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    cache = make_cache(tmp_path)
    assert cache.files() == {}
    assert not cache.store(left_behind)


def test_old_caches_are_forgotten(tmp_path: Path, home: Path, left_behind: int) -> None:
    for number in range(KEPT_CACHES + 3):
        assert make_cache(tmp_path, str(number)).store(left_behind)
    assert len(list((home / "isolatejs").iterdir())) == KEPT_CACHES


def test_a_cache_that_is_being_removed_is_not_used(tmp_path: Path, home: Path, left_behind: int) -> None:
    cache = make_cache(tmp_path)
    assert cache.store(left_behind)
    next((home / "isolatejs").glob(f"*/{DATABASES[1]}")).unlink()
    assert cache.files() == {}
