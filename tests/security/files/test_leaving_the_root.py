"""A program tries to reach what is not below its root."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from fakes.files_runtime import OUTCOME, files_runtime
from isolatejs.capabilities.files.rooted_files import RootedFiles

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost as Host

SECRET = "the host's secret"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory beside the root, with what a program must never see or change."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret.txt").write_text(SECRET)
    return place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    place.mkdir()
    (place / "own.txt").write_text("own")
    return place


@pytest.fixture(params=[True, False], ids=["openat2", "walk"])
def files(request: pytest.FixtureRequest, root: Path, outside: Path) -> RootedFiles:
    """Both ways of resolving: by the kernel, and component by component."""
    return RootedFiles(str(root), use_openat2=request.param)


async def read_everything(host: Host, files: Any, paths: list[str]) -> list[Any]:
    """The outcomes of reading each path in every way that a program has."""
    async with files_runtime(host, files=files) as runtime:
        return await runtime.eval(
            OUTCOME
            + f"""
            import fs from "node:fs";
            const results = [];
            for (const path of {paths!r}) {{
              results.push(await outcome(() => fs.promises.readFile(path, "utf8")));
              results.push(await outcome(() => fs.readFileSync(path, "utf8")));
              results.push(await outcome(async () => {{
                const file = await fs.promises.open(path);
                try {{ return await file.readFile("utf8"); }} finally {{ await file.close(); }}
              }}));
              results.push(await outcome(async () => {{
                const parts = path.split("/");
                const name = parts.pop();
                const directory = await getDirectory(parts.join("/") || "/");
                return await (await (await directory.getFileHandle(name)).getFile()).text();
              }}));
              results.push(await outcome(() => fs.promises.writeFile(path, "written by a program")));
              results.push(await outcome(() => fs.promises.appendFile(path, "written by a program")));
              results.push(await outcome(() => fs.promises.truncate(path, 0)));
              results.push(await outcome(() => fs.promises.copyFile(path, "/copy.txt")));
              results.push(await outcome(() => fs.promises.chmod(path, 0o777)));
            }}
            results.push(["root", fs.readdirSync("/")]);
            results
            """
        )


def assert_contained(results: list[Any], outside: Path) -> None:
    """Nothing of the outside was told or changed, and no path of the host appears anywhere."""
    assert SECRET not in repr(results)
    assert "root:" not in repr(results)
    assert str(outside.parent) not in repr(results)
    assert (outside / "secret.txt").read_text() == SECRET
    assert [entry.name for entry in outside.iterdir()] == ["secret.txt"]
    assert not (outside / "secret.txt").stat().st_mode & 0o002


async def test_dot_dot(host: Host, files: RootedFiles, outside: Path) -> None:
    paths = [
        "../outside/secret.txt",
        "/../outside/secret.txt",
        "/./../outside/secret.txt",
        "a/../../outside/secret.txt",
        "/own.txt/../../outside/secret.txt",
        "../" * 20 + "etc/passwd",
    ]
    assert_contained(await read_everything(host, files, paths), outside)


async def test_dot_dot_as_a_name(host: Host, files: RootedFiles, outside: Path) -> None:
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            const root = await getDirectory("/");
            const results = [];
            for (const name of ["..", ".", "", "../outside", "a/b", "/etc", "a\\0b", "..\\0"]) {
              results.push(await outcome(() => root.getFileHandle(name)));
              results.push(await outcome(() => root.getDirectoryHandle(name, { create: true })));
              results.push(await outcome(() => root.removeEntry(name, { recursive: true })));
            }
            results
            """
        )
    assert {kind for kind, _ in results} == {"TypeError"}
    assert_contained(results, outside)


async def test_absolute_paths(host: Host, files: RootedFiles, outside: Path) -> None:
    own = str(outside / "secret.txt")
    results = await read_everything(host, files, [own, "/etc/passwd", "//etc/passwd", "file:///etc/passwd"])
    assert {kind for kind, _ in results[:-1]} == {"ENOENT", "NotFoundError"}
    # The one path of the host that appears is the one that the program wrote itself.
    assert_contained(
        [[kind, str(text).replace(own.rpartition("/")[0], "")] for kind, text in results], outside
    )


async def test_percent_encoded(host: Host, files: RootedFiles, outside: Path) -> None:
    paths = ["/%2e%2e/outside/secret.txt", "/%2e./outside/secret.txt", "/..%2foutside%2fsecret.txt", "/%00"]
    assert_contained(await read_everything(host, files, paths), outside)
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            await Promise.all([
              "file:///%2e%2e/outside/secret.txt", "file:///a%2f..%2f..%2foutside/secret.txt", "file://host/etc/passwd",
              "file:///%00", "http://x/etc/passwd",
            ].map((url) => outcome(() => fs.readFileSync(new URL(url), "utf8"))))
            """
        )
    assert [kind for kind, _ in results] == [
        "ENOENT",
        "ERR_INVALID_FILE_URL_PATH",
        "ERR_INVALID_FILE_URL_HOST",
        "ERR_INVALID_ARG_VALUE",
        "ERR_INVALID_URL_SCHEME",
    ]
    assert_contained(results, outside)


async def test_nul(host: Host, files: RootedFiles, outside: Path) -> None:
    results = await read_everything(host, files, ["/own.txt\0.png", "/\0", "\0/etc/passwd"])
    assert {kind for kind, _ in results[:-1]} <= {"ERR_INVALID_ARG_VALUE", "TypeError", "NotFoundError"}
    assert_contained(results, outside)


async def test_very_long_names(host: Host, files: RootedFiles, outside: Path) -> None:
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const long = ["n".repeat(256), "é".repeat(128), "d/".repeat(65) + "f", "x".repeat(1e6),
              "/".repeat(1e6) + "y", "\\u{1F600}".repeat(64)];
            await Promise.all(long.map((path) => outcome(() => fs.promises.writeFile(path, "x"))))
            """
        )
    assert [kind for kind, _ in results] == ["ENAMETOOLONG"] * 4 + ["ok", "ENAMETOOLONG"]
    assert_contained(results, outside)


async def test_symlink_out(host: Host, files: RootedFiles, root: Path, outside: Path) -> None:
    (root / "file").symlink_to(outside / "secret.txt")
    (root / "relative").symlink_to("../outside/secret.txt")
    (root / "directory").symlink_to(outside)
    (root / "up").symlink_to("..")
    (root / "chain").symlink_to("up")
    (root / "new").symlink_to("../outside/made.txt")
    (root / "loop").symlink_to("loop")
    paths = [
        "/file",
        "/relative",
        "/directory/secret.txt",
        "/up/outside/secret.txt",
        "/chain/outside/secret.txt",
    ]
    results = await read_everything(host, files, [*paths, "/new", "/loop", "/directory/made.txt"])
    assert_contained(results, outside)
    assert {kind for kind, _ in results[:-1]} <= {"EACCES", "NotAllowedError", "ELOOP", "EEXIST"}


async def test_symlink_out_is_neither_listed_nor_followed_by_other_calls(
    host: Host, files: RootedFiles, root: Path, outside: Path
) -> None:
    (root / "directory").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret.txt")
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const names = [];
            for await (const name of (await getDirectory("/")).keys()) names.push(name);
            const fsp = fs.promises;
            [["listed", names],
             ...await Promise.all([
               () => fsp.readdir("/directory"), () => fsp.stat("/file"), () => fsp.realpath("/file"),
               () => fsp.readlink("/file"), () => fsp.mkdir("/directory/new"), () => fsp.rmdir("/directory"),
               () => fsp.rename("/own.txt", "/directory/own.txt"),
               () => fsp.rename("/directory/secret.txt", "/mine"),
               () => fsp.unlink("/directory/secret.txt"), () => fsp.rm("/directory/secret.txt"),
               () => fsp.utimes("/file", 0, 0), () => fsp.copyFile("/own.txt", "/file"),
               () => fsp.copyFile("/own.txt", "/directory/own.txt"),
               () => fsp.cp("/directory", "/d2", { recursive: true, dereference: true }),
               () => getDirectory("/directory"), () => fsp.symlink("/etc/passwd", "/mylink"),
               () => fsp.link("/file", "/hard"),
             ].map(outcome))]
            """
        )
        assert results[0] == ["listed", ["own.txt"]]
        assert all(kind != "ok" for kind, _ in results[1:])
        assert_contained(results, outside)
        # Removing a tree removes the link, not what it leads to.
        await runtime.eval('import fs from "node:fs"; fs.rmSync("/directory", { recursive: true })')
    assert not (root / "directory").is_symlink()
    assert (outside / "secret.txt").read_text() == SECRET


async def test_symlink_inside_is_followed(host: Host, files: RootedFiles, root: Path) -> None:
    (root / "deep").mkdir()
    (root / "deep" / "target.txt").write_text("inside")
    (root / "link").symlink_to("deep/target.txt")
    (root / "deep" / "back").symlink_to("../own.txt")
    (root / "here").symlink_to(".")
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            """
            import fs from "node:fs";
            const root = await getDirectory("/");
            const kinds = {};
            for await (const [name, handle] of root) kinds[name] = handle.kind;
            const writable = await (await root.getFileHandle("link")).createWritable();
            await writable.write("changed");
            await writable.close();
            [kinds, fs.readFileSync("/deep/back", "utf8"), fs.readFileSync("/here/here/link", "utf8"),
             fs.realpathSync("/here/link"), fs.lstatSync("/link").isSymbolicLink()]
            """
        )
    kinds = {"deep": "directory", "here": "directory", "link": "file", "own.txt": "file"}
    assert results == [kinds, "own", "changed", "/deep/target.txt", True]
    assert (root / "deep" / "target.txt").read_text() == "changed"


class _Swapper:
    """Another program of the host: turns `path` from a directory into a link that leads out, and back."""

    def __init__(self, path: Path, inside: Path, outside: Path) -> None:
        self._path, self._inside, self._outside = path, inside, outside
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.swaps = 0

    def __enter__(self) -> _Swapper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        aside = self._path.with_name("aside")
        while not self._stop.is_set():
            for target in (self._outside, self._inside):
                aside.symlink_to(os.path.relpath(target, self._path.parent))
                os.rename(aside, self._path)
                self.swaps += 1


async def test_symlink_swapped_between_check_and_use(
    host: Host, files: RootedFiles, root: Path, outside: Path
) -> None:
    (root / "inside").mkdir()
    (root / "inside" / "secret.txt").write_text("harmless")
    (root / "place").symlink_to("inside")
    with _Swapper(root / "place", root / "inside", outside) as swapper:
        async with files_runtime(host, files=files) as runtime:
            results = await runtime.eval(
                OUTCOME
                + """
                import fs from "node:fs";
                const seen = {};
                const count = ([kind, value]) => seen[kind === "ok" ? `ok ${value}` : kind] = true;
                for (let i = 0; i < 500; i++) {
                  count(await outcome(() => fs.readFileSync("/place/secret.txt", "utf8")));
                  count(await outcome(() => fs.promises.readFile("/place/secret.txt", "utf8")));
                  count(await outcome(() => fs.promises.writeFile("/place/made.txt", "x")));
                  count(await outcome(() => fs.promises.rename("/place/made.txt", "/place/moved.txt")));
                  count(await outcome(() => fs.promises.unlink("/place/moved.txt")));
                  count(await outcome(() => fs.promises.mkdir("/place/directory")));
                  count(await outcome(() => fs.promises.rm("/place/directory", { recursive: true })));
                }
                Object.keys(seen)
                """
            )
    assert swapper.swaps > 100
    assert "ok harmless" in results
    assert set(results) <= {"ok harmless", "ok undefined", "ok null", "EACCES", "ENOENT", "EEXIST"}
    assert_contained(results, outside)


async def test_hard_link(host: Host, files: RootedFiles, root: Path, outside: Path) -> None:
    os.link(outside / "secret.txt", root / "hard.txt")
    results = await read_everything(host, files, ["/hard.txt"])
    assert {kind for kind, _ in results[:-1]} == {"EPERM", "NotAllowedError"}
    async with files_runtime(host, files=files) as runtime:
        replaced = await runtime.eval(
            OUTCOME
            + """
            const file = await (await getDirectory("/")).getFileHandle("hard.txt");
            [await outcome(() => file.createWritable()), await outcome(() => file.createSyncAccessHandle())]
            """
        )
    assert {kind for kind, _ in replaced} == {"NotAllowedError"}
    assert_contained(results, outside)


async def test_hard_link_that_may_be_read(host: Host, root: Path, outside: Path) -> None:
    os.link(outside / "secret.txt", root / "hard.txt")
    async with files_runtime(host, root, hard_links="read") as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            [await outcome(() => fs.readFileSync("/hard.txt", "utf8")),
             await outcome(() => fs.writeFileSync("/hard.txt", "x")),
             await outcome(() => fs.truncateSync("/hard.txt")),
             await outcome(() => fs.openSync("/hard.txt", "w"))]
            """
        )
    assert results[0] == ["ok", SECRET]
    assert {kind for kind, _ in results[1:]} == {"EPERM"}
    assert (outside / "secret.txt").read_text() == SECRET


async def test_fifo(host: Host, files: RootedFiles, root: Path, outside: Path) -> None:
    os.mkfifo(root / "fifo")
    results = await read_everything(host, files, ["/fifo"])  # would wait for ever if it were opened plainly
    assert {kind for kind, _ in results[:-1]} == {"EPERM", "TypeMismatchError"}


async def test_socket(host: Host, files: RootedFiles, root: Path, outside: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "socket"))  # noqa: ASYNC240  socket paths have to be short
        results = await read_everything(host, files, ["/socket"])
    assert {kind for kind, _ in results[:-1]} == {"EPERM", "TypeMismatchError"}


async def test_device(host: Host, root: Path, outside: Path) -> None:
    """Even a root that holds devices does not give them."""
    results = await read_everything(host, RootedFiles("/dev"), ["/null", "/zero", "/full", "/tty"])
    assert {kind for kind, _ in results[:-1]} <= {"EPERM", "TypeMismatchError", "ENOENT", "NotFoundError"}


async def test_proc_self_root(host: Host, files: RootedFiles, root: Path, outside: Path) -> None:
    (root / "proc").symlink_to("/proc/self/root")
    paths = ["/proc/self/root/etc/passwd", "/proc/etc/passwd", "/proc", "/proc/self/environ"]
    assert_contained(await read_everything(host, files, paths), outside)


@pytest.mark.parametrize("use_openat2", [True, False], ids=["openat2", "walk"])
async def test_proc_through_a_root_that_holds_it(host: Host, use_openat2: bool) -> None:
    """A root of "/" gives the machine's files, but not the doors of /proc: environment, memory, links."""
    pid = os.getpid()
    fd = os.open("/etc/passwd", os.O_RDONLY)
    try:
        paths = [
            "/proc/self/environ",
            f"/proc/{pid}/mem",
            f"/proc/{pid}/root/etc/passwd",
            f"/proc/{pid}/fd/{fd}",
            f"/proc/self/fd/{fd}",
            "/proc/self/cwd/pyproject.toml",
            "/proc/sys/kernel/core_pattern",
        ]
        files = RootedFiles("/", use_openat2=use_openat2)
        async with files_runtime(host, files=files) as runtime:
            results = await runtime.eval(
                OUTCOME
                + f"""
                import fs from "node:fs";
                await Promise.all({paths!r}.flatMap((path) => [
                  outcome(() => fs.readFileSync(path, "utf8")), outcome(() => fs.openSync(path, "r+")),
                ]))
                """
            )
    finally:
        os.close(fd)
    assert {kind for kind, _ in results} <= {"EPERM", "EACCES", "ELOOP", "ENOENT"}


async def test_case_and_unicode_aliases_of_a_mount(host: Host, tmp_path: Path) -> None:
    """A name that some file systems take for a mount point's leads neither there nor behind its rights."""
    base, locked = tmp_path / "base", tmp_path / "locked"
    aliases = ["LOCKED", "Locked", "locke\u0301d", "lock\u200ded", "ｌocked", "loc\u212aed"]
    for name in aliases:
        (base / name).mkdir(parents=True)
    locked.mkdir()
    (locked / "f").write_text("fixed")
    async with files_runtime(host, base, roots={"/locked": (locked, "r")}) as runtime:
        results = await runtime.eval(
            OUTCOME
            + f"""
            import fs from "node:fs";
            const write = (name) => outcome(() => fs.promises.writeFile(`/${{name}}/f`, "changed"));
            [await Promise.all({aliases!r}.map(write)), await write("locked"), fs.readdirSync("/")]
            """
        )
    assert {kind for kind, _ in results[0]} <= {"ENOENT", "ok"}
    assert [kind for kind, _ in results[0]] == ["ENOENT", "ENOENT", "ok", "ENOENT", "ENOENT", "ENOENT"]
    assert results[1][0] == "EROFS"
    assert results[2] == ["locked", "locke\u0301d"]
    assert (locked / "f").read_text() == "fixed"


async def test_nothing_is_there_without_the_grant(host: Host) -> None:
    async with host.create_runtime() as runtime:
        kinds = await runtime.eval(
            "[typeof getDirectory, typeof FileSystemHandle, typeof FileSystemDirectoryHandle,"
            " typeof FileSystemWritableFileStream, typeof navigator.storage]"
        )
        assert set(kinds) == {"undefined"}
        for call in (
            'readFileSync("/etc/passwd")',
            'writeFileSync("/x", "")',
            'promises.open("/etc/passwd")',
        ):
            result = await runtime.eval(f'{OUTCOME} import fs from "node:fs"; await outcome(() => fs.{call})')
            assert result[0] == "ERR_ACCESS_DENIED"
        assert await runtime.eval('import fs from "node:fs"; fs.existsSync("/etc/passwd")') is False


async def test_targets_of_links_outside_the_root_are_not_told(
    host: Host, root: Path, outside: Path, files: RootedFiles
) -> None:
    """The text of a link may be a name of the host: only one that stays below the root is told."""
    (root / "d" / "e").mkdir(parents=True)
    told = {"inside": "../own.txt", "deep": "../../d/e", "round": "../d/./e"}
    kept = {
        "relative": "../../outside/secret.txt",
        "above": "../..",
        "through": "../own.txt/../../outside",
        "absolute": str(outside),
        "hidden": "../.isolatejs-0123.swap",
    }
    for name, target in (told | kept).items():
        (root / "d" / name).symlink_to(target)
    (root / "d" / "deep").unlink()
    (root / "d" / "e" / "deep").symlink_to("../../d/e")
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + f"""
            import fs from "node:fs";
            const results = [];
            for (const name of {list(kept)!r}) results.push(await outcome(() => fs.readlinkSync("/d/" + name)));
            for (const name of ["inside", "round", "e/deep"]) results.push(fs.readlinkSync("/d/" + name));
            results
            """
        )
    assert [kind for kind, _ in results[: len(kept)]] == ["EACCES"] * len(kept), results
    assert not any("outside" in str(result) for result in results)
    assert results[len(kept) :] == ["../own.txt", "../d/./e", "../../d/e"]


class Spy:
    """An object of an embedder that notes every path that it is given."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def method(path: str, *rest: Any) -> Any:
            self.asked += [path, *(text for text in rest if isinstance(text, str))]
            if name == "stat":
                return {"kind": "directory" if path == "/" else "file", "size": 1}
            return ["a", "..", "b\\..\\c", ""] if name == "readdir" else b"x" if name == "read_file" else None

        if name in ("read_file", "write_file", "unlink", "readdir", "mkdir", "rmdir", "stat", "rename"):
            return method
        raise AttributeError(name)


@pytest.mark.parametrize("on_windows", [False, True])
async def test_an_object_of_the_embedder_gets_no_path_that_climbs(
    host: Host, on_windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isolatejs.capabilities.files.adapted_files._ON_WINDOWS", on_windows)
    spy = Spy()
    paths = [
        "..\\secret",
        "a\\..\\..\\b",
        "/../x",
        "a/../../b",
        "a\0b",
        "",
        "//etc",
        "./a/.",
        "/a//b",
        "%2e%2e/x",
    ]
    async with files_runtime(host, files=spy) as runtime:
        names = await runtime.eval(
            f"""
            import fs from "node:fs";
            for (const path of {paths!r}) {{
              for (const call of [
                () => fs.readFileSync(path), () => fs.writeFileSync(path, "x"), () => fs.unlinkSync(path),
                () => fs.readdirSync(path), () => fs.mkdirSync(path, {{ recursive: true }}), () => fs.statSync(path),
                () => fs.renameSync("/a", path), () => fs.renameSync(path, "/a"), () => fs.copyFileSync(path, "/a"),
                () => fs.rmSync(path, {{ recursive: true, force: true }}),
              ]) try {{ call() }} catch {{}}
            }}
            fs.readdirSync("/")
            """
        )
    assert names == (["a"] if on_windows else ["a", "b\\..\\c"])
    assert spy.asked
    for path in spy.asked:
        assert path.startswith("/"), path
        assert path == "/" or not {"", ".", ".."} & set(path[1:].split("/")), path
        assert "\0" not in path, path
        assert not on_windows or not set(path) & set("\\:"), path
