"""A JavaScript test must not write what pytest, Jest, npm or a site generator would then execute."""

# ruff: noqa: ASYNC240  (programs in strings; small files)

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import IsolateHost, create_file_bindings
from isolatejs.host.test_project import TestOptions, TestProject

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs.capabilities.testing.results import TestRunResult

PAYLOAD = "import os\n>>> os.system('touch /tmp/owned')\n"


async def match_file(
    host: IsolateHost, root: Path, *paths: str, mode: Any = "new", text: str = PAYLOAD
) -> TestRunResult:
    """Run a test file of the project that asks for these file snapshots, as `isolatejs test` and pytest do."""
    (root / "src").mkdir(exist_ok=True)
    test = root / "src" / "a.test.js"
    test.write_text(
        "".join(
            f"test({json.dumps(path)}, async () => {{ await expect({json.dumps(text)}).toMatchFileSnapshot({json.dumps(path)}) }});\n"
            for path in paths
        )
    )
    project = TestProject(root, TestOptions(update_snapshots=mode))
    return await project.run(host, project.file(test))


def files_of(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "a.test.js"
    }


CODE = (
    "./__snapshots__/conftest.py",
    "./__snapshots__/test_x.py",
    "./__snapshots__/test_x.txt",
    "./__snapshots__/other.test.ts.snap",
    "./__snapshots__/a.test.js.snap",
    "./__snapshots__/package.json",
    "./__snapshots__/.npmrc",
    "./__snapshots__/.gitattributes",
    "./__snapshots__/noending",
    "./__snapshots__/x.py.",
    "./__snapshots__/X.PY",
    "./__snapshots__/.git/hooks/__snapshots__/x.txt",
    "../.git/hooks/__snapshots__/post-checkout.txt",
    "/.github/workflows/__snapshots__/x.yml",
    "../conftest.py",
    "./beside.txt",
    "./x.dist-info/entry_points.txt",
    "./__snapshots__/doctests.txt",
    "../README.txt",
)


async def test_python_and_hooks_and_manifests_as_snapshots(host: IsolateHost, tmp_path: Path) -> None:
    for mode in ("new", "all"):
        result = await match_file(host, tmp_path, *CODE, mode=mode)
        assert result.failed == len(CODE), [test.name for test in result.tests if test.status == "pass"]
    assert files_of(tmp_path) == {}


async def test_the_projects_own_files_overwritten(host: IsolateHost, tmp_path: Path) -> None:
    (tmp_path / "src" / "data").mkdir(parents=True)
    (tmp_path / "src" / "__snapshots__").mkdir()
    kept = {
        "src/page.html": "a page",
        "src/data/prices.csv": "1;2",
        "src/__snapshots__/a.test.js.snap": "not a snapshot",
    }
    for name, text in kept.items():
        (tmp_path / name).write_text(text)
    for mode in ("new", "all"):
        result = await match_file(
            host, tmp_path, "./page.html", "./data/prices.csv", "./data/new.txt/../prices.csv", mode=mode
        )
        assert result.failed == 3
    (tmp_path / "src" / "b.test.js").write_text("test('a', () => { expect(1).toMatchSnapshot() });")
    assert files_of(tmp_path) == {**kept, "src/b.test.js": (tmp_path / "src/b.test.js").read_text()}


async def test_a_snapshot_file_that_is_none_is_not_replaced(host: IsolateHost, tmp_path: Path) -> None:
    folder = tmp_path / "__snapshots__"
    folder.mkdir()
    (folder / "a.test.js.snap").write_text("my own notes")
    test = tmp_path / "a.test.js"
    test.write_text("test('a', () => { expect(1).toMatchSnapshot() });")
    project = TestProject(tmp_path, TestOptions(update_snapshots="all"))
    result = await project.run(host, project.file(test))
    assert not result.success
    assert "not a snapshot file" in result.errors[0].message
    assert (folder / "a.test.js.snap").read_text() == "my own notes"


async def test_snapshots_through_links(host: IsolateHost, tmp_path: Path) -> None:
    """A `__snapshots__` that is a link, a link in its place, a hard link and a FIFO lead nowhere."""
    source, hooks = tmp_path / "src", tmp_path / "hooks"
    (source / "d").mkdir(parents=True)
    hooks.mkdir()
    (hooks / "page.txt").write_text("hook")
    (source / "__snapshots__").symlink_to("../hooks")
    folder = source / "d" / "__snapshots__"
    folder.mkdir()
    (folder / "link.txt").symlink_to("../../../hooks/page.txt")
    (folder / "dangling.txt").symlink_to("../../../hooks/made.txt")
    os.link(hooks / "page.txt", folder / "hard.txt")
    os.mkfifo(folder / "fifo.txt")
    names = ("link.txt", "dangling.txt", "hard.txt", "fifo.txt")
    paths = (
        "./__snapshots__/page.txt",
        "./__snapshots__/new.txt",
        *(f"./d/__snapshots__/{name}" for name in names),
    )
    result = await match_file(host, tmp_path, *paths, mode="all", text="x")
    assert result.failed == len(paths), [test.name for test in result.tests if test.status == "pass"]
    assert [path.name for path in hooks.iterdir()] == ["page.txt"]
    assert (hooks / "page.txt").read_text() == "hook"


async def test_ci_writes_nothing(host: IsolateHost, tmp_path: Path) -> None:
    result = await match_file(host, tmp_path, "./__snapshots__/page.txt", mode="none", text="x")
    assert result.failed == 1
    assert files_of(tmp_path) == {}


async def test_hidden_files_read_by_comparing(host: IsolateHost, tmp_path: Path) -> None:
    """What a mismatch shows is the text of snapshots alone."""
    (tmp_path / "src" / "data").mkdir(parents=True)
    (tmp_path / ".env").write_text("SECRET-1")
    for name in ("data/keys.csv", "keys.txt", "keys.json", "keys.js"):
        (tmp_path / "src" / name).write_text("SECRET-3")
    (tmp_path / "server.pem").write_text("SECRET-2")
    (tmp_path / "link.txt").symlink_to(".env")
    paths = [
        "../.env",
        "../server.pem",
        "../link.txt",
        "./data/keys.csv",
        "./keys.txt",
        "./keys.json",
        "./keys.js",
    ]
    result = await match_file(host, tmp_path, *paths, mode="new", text="x")
    assert result.failed == len(paths)
    assert "SECRET" not in str(result)


async def test_what_is_safe_works(host: IsolateHost, tmp_path: Path) -> None:
    paths = (
        "./__snapshots__/page.html",
        "./files/out.html",
        "./__snapshots__/x.snap.json",
        "./deep/er/x.txt",
    )
    for outcome in ("added", "matched"):
        result = await match_file(host, tmp_path, *paths, text="<b>")
        assert result.success, [test.error for test in result.tests]
        assert getattr(result.snapshots, outcome) == 4
    assert set(files_of(tmp_path).values()) == {"<b>"}
    result = await match_file(host, tmp_path, paths[0], mode="all", text="<i>")
    assert result.snapshots.updated == 1
    assert (tmp_path / "src/__snapshots__/page.html").read_text() == "<i>"


async def test_committed_files_of_any_ending_are_compared(host: IsolateHost, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bundle.js").write_text("code")
    assert (await match_file(host, tmp_path, "../out/bundle.js", text="code")).success
    result = await match_file(host, tmp_path, "../out/bundle.js", text="other")
    assert result.tests[0].error is not None
    assert "its text is not shown" in result.tests[0].error.message


async def test_one_binding_for_files_and_snapshots_has_the_same_rules(
    host: IsolateHost, tmp_path: Path
) -> None:
    code = "test('a', async () => { await expect('x').toMatchFileSnapshot('./__snapshots__/conftest.py') });"
    files = create_file_bindings(tmp_path, allow_write=True)
    for options in ({"bindings": {"files": files}}, {"snapshots": files}):
        async with host.create_test_runtime(**options) as runtime:
            assert (await runtime.run(code, filename="/a.test.js")).failed == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("entries", [[["`; evil(); `", "${evil()}"], ["\\\\`", "\\\\"]]])
async def test_code_in_the_names_of_snapshots(
    host: IsolateHost, tmp_path: Path, entries: list[list[str]]
) -> None:
    """Jest and Vitest execute snapshot files; names and values are literals in them."""
    test = tmp_path / "a.test.js"
    test.write_text(
        "".join(
            f"test({json.dumps(key)}, () => {{ expect({json.dumps(text)}).toMatchSnapshot() }});"
            for key, text in entries
        )
    )
    project = TestProject(tmp_path)
    result = await project.run(host, project.file(test))
    assert result.success, result
    text = (tmp_path / "__snapshots__" / "a.test.js.snap").read_text()
    async with host.create_runtime() as runtime:
        names = await runtime.eval(
            "globalThis.evil = () => { throw new Error('executed') }; const exports = {};"
            f"new Function('exports', {json.dumps(text)})(exports); Object.keys(exports)"
        )
    assert sorted(names) == sorted(f"{key} 1" for key, _ in entries)


async def test_new_mode_keeps_what_is_there(host: IsolateHost, tmp_path: Path) -> None:
    """A program that takes its framework over replaces nobody's snapshots without --update."""
    folder = tmp_path / "__snapshots__"
    folder.mkdir()
    snapshot = folder / "a.test.js.snap"
    snapshot.write_text("// Jest Snapshot v1, https://goo.gl/fbAQLP\n\nexports[`old 1`] = `1`;\n")
    test = tmp_path / "a.test.js"
    test.write_text("test('new', () => { expect(2).toMatchSnapshot() });")
    project = TestProject(tmp_path)
    assert (await project.run(host, project.file(test))).success
    assert "exports[`old 1`] = `1`;" in snapshot.read_text()
    assert "exports[`new 1`] = `2`;" in snapshot.read_text()


async def test_folders_without_end(
    host: IsolateHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isolatejs.capabilities.testing.snapshots.SNAPSHOT_RUN_LIMIT_FILES", 20)
    paths = [f"./__snapshots__/{number}/a/b/c/x.txt" for number in range(20)]
    result = await match_file(host, tmp_path, *paths, text="x")
    assert result.passed < 8
    assert len(list((tmp_path / "src").rglob("*"))) < 30
