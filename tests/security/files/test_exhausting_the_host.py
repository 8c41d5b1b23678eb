"""A program tries to take more of the host than it was given: space, entries, depth, descriptors, memory."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

import pytest

from fakes.files_runtime import OUTCOME, files_runtime
from isolatejs import ExecutionTimeoutError, MemoryFiles, create_file_bindings
from isolatejs.limits import OPEN_FILES_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost as Host

MIB = 1 << 20


def everything_below(root: Path) -> list[Path]:
    return list(root.rglob("*"))


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def descriptors_of(path: Path) -> int:
    """How often this process has the file open."""
    status, found = path.stat(), 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.path.samestat(os.fstat(int(name)), status)
        except OSError:  # the descriptor that listed them
            continue
    return found


def size_below(root: Path) -> int:
    return sum(path.stat().st_size for path in everything_below(root) if path.is_file())


WAYS_TO_GROW = {
    "writeFile": 'await fsp.writeFile("/f" + i, bytes)',
    "writeFileSync": 'fs.writeFileSync("/f" + i, bytes)',
    "append": 'await fsp.appendFile("/f", bytes)',
    "copyFile": 'if (i === 0) await fsp.writeFile("/f", bytes); await fsp.copyFile("/f", "/copy" + i)',
    "truncate": """if (i === 0) await fsp.writeFile("/f", "");
        await fsp.truncate("/f", (i + 1) * bytes.length)""",
    "sparse": 'const f = await fsp.open("/f" + i, "w"); await f.write(bytes, 0, 1, 1e15); await f.close()',
    "writable": """const handle = await root.getFileHandle("f" + i, { create: true });
        const stream = await handle.createWritable(); await stream.write(bytes); await stream.close()""",
    "many writables": """const handle = await root.getFileHandle("f", { create: true });
        streams.push(await handle.createWritable()); await streams.at(-1).write(bytes)""",
    "access handle": """const handle = await root.getFileHandle("f" + i, { create: true });
        const access = await handle.createSyncAccessHandle();
        try { access.write(bytes) } finally { access.close() }""",
    "unlinked but open": """const f = await fsp.open("/f", "w"); streams.push(f);
        await fsp.unlink("/f"); await f.write(bytes)""",
    "replaced but open": """const f = await fsp.open("/f", "w"); streams.push(f); await f.write(bytes);
        await fsp.writeFile("/g", ""); await fsp.rename("/g", "/f")""",
}


@pytest.mark.parametrize("way", WAYS_TO_GROW)
async def test_quota_of_bytes(host: Host, tmp_path: Path, way: str) -> None:
    async with files_runtime(host, tmp_path, quota_bytes=4 * MIB) as runtime:
        outcome, rounds = await runtime.eval(
            OUTCOME
            + f"""
            import fs from "node:fs";
            const fsp = fs.promises, root = await getDirectory("/"), streams = [];
            const bytes = new Uint8Array({MIB} * 3 / 4).fill(1);
            let rounds = 0;
            const result = await outcome(async () => {{
              for (let i = 0; i < 20; i++, rounds++) {{ {WAYS_TO_GROW[way]} }}
            }});
            [result, rounds]
            """
        )
    assert outcome[0] in ("EDQUOT", "QuotaExceededError", "ERR_OUT_OF_RANGE"), outcome
    assert "quota_bytes=4194304" in outcome[1]
    assert rounds < 6
    assert size_below(tmp_path) <= 4 * MIB


async def test_quota_comes_back(host: Host, tmp_path: Path) -> None:
    async with files_runtime(host, tmp_path, quota_bytes=MIB, quota_files=4) as runtime:
        result = await runtime.eval(
            OUTCOME
            + f"""
            import fs from "node:fs";
            const fsp = fs.promises, root = await getDirectory("/");
            const bytes = new Uint8Array({MIB} * 3 / 4).fill(1);
            await outcome(async () => {{
              for (let i = 0; i < 10; i++) {{
                await fsp.writeFile("/a", bytes); await fsp.unlink("/a");
                await fsp.mkdir("/d"); await fsp.writeFile("/d/b", bytes);
                await fsp.rm("/d", {{ recursive: true }});
                const f = await fsp.open("/c", "w"); await f.write(bytes);
                await fsp.unlink("/c"); await f.close();
                await fsp.writeFile("/e", bytes); await fsp.truncate("/e", 10);
                await fsp.writeFile("/g", bytes); await fsp.rename("/g", "/e"); await fsp.unlink("/e");
                const handle = await root.getFileHandle("h", {{ create: true }});
                for (const end of ["abort", "close"]) {{
                  const stream = await handle.createWritable();
                  await stream.write(bytes); await stream[end]();
                }}
                await root.removeEntry("h");
              }}
            }})
            """
        )
    assert result[0] == "ok", result
    assert names_in(tmp_path) == []


async def test_quota_of_entries(host: Host, tmp_path: Path) -> None:
    async with files_runtime(host, tmp_path, quota_files=10) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const fsp = fs.promises, root = await getDirectory("/");
            const results = [];
            for (let i = 0; i < 8; i++) await fsp.writeFile("/" + i, "");
            results.push(await outcome(() => fsp.mkdir("/a/b/c/d", { recursive: true })));
            results.push(await outcome(() => fsp.writeFile("/x", "")));
            results.push(await outcome(() => fsp.copyFile("/0", "/y")));
            results.push(await outcome(() => fsp.mkdtemp("/t")));
            results.push(await outcome(() => root.getFileHandle("z", { create: true })));
            results.push(await outcome(() => root.getDirectoryHandle("z", { create: true })));
            results.push(await outcome(async () => (await root.getFileHandle("0")).createWritable()));
            results
            """
        )
    assert {kind for kind, _ in results} == {"EDQUOT", "QuotaExceededError"}
    assert len(everything_below(tmp_path)) == 10


async def test_quota_is_shared_by_runtimes(host: Host, tmp_path: Path) -> None:
    files = create_file_bindings(tmp_path, allow_write=True, quota_bytes=MIB)
    attempt = f"""{OUTCOME} import fs from "node:fs";
        await outcome(() => fs.promises.writeFile("/" + Math.random(), new Uint8Array({MIB} * 3 / 4)))"""
    async with files_runtime(host, files=files) as one, files_runtime(host, files=files) as other:
        results = [await one.eval(attempt), await other.eval(attempt)]
    assert [kind for kind, _ in results] == ["ok", "EDQUOT"]


async def test_directory_depth(host: Host, tmp_path: Path) -> None:
    async with files_runtime(host, tmp_path, max_depth=8) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const fsp = fs.promises;
            const results = [await outcome(() => fsp.mkdir("/a/b/c/d/e/f/g/h/i", { recursive: true }))];
            await fsp.rm("/a", { recursive: true });
            await fsp.mkdir("/a/b/c/d/e", { recursive: true });
            await fsp.mkdir("/x/y/z", { recursive: true });
            results.push(await outcome(() => fsp.rename("/x", "/a/b/c/d/e/x")));
            await fsp.mkdir("/x/y/z", { recursive: true });
            results.push(await outcome(() => fsp.rename("/x", "/a/b/c/d/e/x/x")));
            results.push(await outcome(() => fsp.rename("/a", "/x/a")));
            results.push(await outcome(async () => {
              let directory = await getDirectory("/");
              for (let i = 0; i < 20; i++) {
                directory = await directory.getDirectoryHandle("q", { create: true });
              }
            }));
            results
            """
        )
        kinds = [kind for kind, _ in results]
        assert kinds == ["ENAMETOOLONG", "ok", "ENAMETOOLONG", "ENAMETOOLONG", "TypeError"]
        depth = max(len(path.relative_to(tmp_path).parts) for path in everything_below(tmp_path))
        assert depth == 8
        remove = 'for (const name of "axq") fs.rmSync("/" + name, { recursive: true })'
        await runtime.eval(f'import fs from "node:fs"; {remove}')
    assert names_in(tmp_path) == []


async def test_open_files(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    async with files_runtime(host, tmp_path) as runtime:
        opened, error, after_close = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const open = [];
            const result = await outcome(() => { for (;;) open.push(fs.openSync("/f", "r+")); });
            const count = open.length;
            fs.closeSync(open.pop());
            [count, result, await outcome(() => typeof fs.openSync("/f"))]
            """
        )
        assert opened == OPEN_FILES_LIMIT
        assert error[0] == "EMFILE"
        assert after_close == ["ok", "number"]
        assert descriptors_of(tmp_path / "f") == OPEN_FILES_LIMIT
        writable = await runtime.eval(
            OUTCOME
            + """
            const f = await (await getDirectory("/")).getFileHandle("f");
            await outcome(() => f.createWritable())
            """
        )
        assert writable[0] == "QuotaExceededError"
    assert descriptors_of(tmp_path / "f") == 0


async def test_swap_files_do_not_outlive_the_runtime(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    async with files_runtime(host, tmp_path) as runtime:
        await runtime.eval(
            """
            const f = await (await getDirectory("/")).getFileHandle("f");
            globalThis.streams = [];
            for (let i = 0; i < 10; i++) {
              streams.push(await f.createWritable());
              await streams[i].write("new");
            }
            """
        )
        assert len(names_in(tmp_path)) == 11
        names = await runtime.eval('import fs from "node:fs"; fs.readdirSync("/")')
        assert names == ["f"]
        read = f'await outcome(() => fs.readFileSync("/{names_in(tmp_path)[0]}"))'
        result = await runtime.eval(f'{OUTCOME} import fs from "node:fs"; {read}')
        assert result[0] == "ENOENT"
    assert names_in(tmp_path) == ["f"]
    assert (tmp_path / "f").read_text() == "old"


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


async def test_answers_that_nobody_reads(host: Host, tmp_path: Path) -> None:
    """A program asks for far more than the host's memory, then never reads what it gets."""
    (tmp_path / "big").write_bytes(bytes(8 * MIB))
    async with files_runtime(host, tmp_path) as runtime:
        await runtime.eval(
            'import fs from "node:fs"; await fs.promises.readFile("/big").then((b) => b.length)'
        )
        before = resident_bytes()
        with pytest.raises(ExecutionTimeoutError):
            await runtime.eval(
                """
                import fs from "node:fs";
                for (let i = 0; i < 2000; i++) fs.promises.readFile("/big");
                await Promise.resolve();
                for (;;);
                """,
                execution_timeout_ms=1500,
            )
        assert resident_bytes() - before < 96 * MIB


async def test_a_large_directory_is_listed_in_pages(host: Host, tmp_path: Path) -> None:
    for number in range(6_000):
        (tmp_path / f"{number:05}").touch()
    async with files_runtime(host, tmp_path) as runtime:
        count, sync_count, first = await runtime.eval(
            """
            import fs from "node:fs";
            let count = 0;
            for await (const _ of (await getDirectory("/")).keys()) count++;
            const iterator = (await getDirectory("/")).keys();
            [count, fs.readdirSync("/").length, (await iterator.next()).value]
            """
        )
    assert (count, sync_count, first) == (6_000, 6_000, "00000")


async def test_memory_files_are_bounded(host: Host) -> None:
    files = MemoryFiles(quota_bytes=MIB, quota_files=5)
    async with files_runtime(host, files=files) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const fsp = fs.promises;
            fs.writeFileSync("/f", "x");
            [await outcome(() => fsp.truncate("/f", 2 ** 50)),
             await outcome(() => fsp.writeFile("/g", new Uint8Array(2 ** 21))),
             await outcome(async () => { await (await fsp.open("/f", "r+")).write("x", 2 ** 52); }),
             await outcome(() => { for (let i = 0;; i++) fs.mkdirSync("/d" + i); })]
            """
        )
    assert [kind for kind, _ in results] == ["EDQUOT"] * 4


async def test_swap_files_past_the_quota_of_files(host: Host) -> None:
    """A writable of a file that was removed meanwhile puts a new one in its place: it was counted from the start."""
    files = MemoryFiles(quota_files=10)
    async with files_runtime(host, files=files) as runtime:
        outcomes, names, again = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const root = await getDirectory("/");
            const outcomes = [];
            for (let i = 0; i < 50; i++) {
              outcomes.push((await outcome(async () => {
                const handle = await root.getFileHandle("f" + i, { create: true });
                const writable = await handle.createWritable();
                fs.unlinkSync("/f" + i);
                await writable.write("x");
                await writable.close();
              }))[0]);
            }
            const names = [];
            for await (const name of root.keys()) names.push(name);
            for (const name of names) fs.unlinkSync("/" + name);
            [outcomes, names, (await outcome(() => root.getFileHandle("again", { create: true })))[0]]
            """
        )
    assert len(names) <= 10
    assert outcomes.count("QuotaExceededError") >= 40
    assert (await files.usage())[1] <= 10
    assert again != "QuotaExceededError"


async def test_open_files_that_have_no_name_count(host: Host) -> None:
    files = MemoryFiles(quota_files=10)
    async with files_runtime(host, files=files) as runtime:
        opened, later = await runtime.eval(
            """
            import fs from "node:fs";
            const open = [];
            try {
              for (let i = 0; i < 50; i++) {
                open.push(fs.openSync("/f", "w"));
                fs.unlinkSync("/f");
              }
            } catch (error) {
              if (error.code !== "EDQUOT") throw error;
            }
            const count = open.length;
            for (const fd of open) fs.closeSync(fd);
            fs.writeFileSync("/later", "x");
            [count, fs.readdirSync("/")]
            """
        )
    assert (opened, later) == (10, ["later"])
    assert await files.usage() == (1, 1)
