"""Files as programs and embedders use them, through the real sandbox."""

from __future__ import annotations

import asyncio
import os
import resource
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from fakes.files_runtime import OUTCOME, files_runtime
from isolatejs import ConfigurationError, GuestError, MemoryFiles, create_file_bindings, fsspec_files

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost as Host

MIB = 1 << 20


async def test_a_program_reads_and_writes_files_of_the_host(host: Host, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "numbers.csv").write_text("1,2\n3,4\n")
    async with files_runtime(host, tmp_path) as runtime:
        total = await runtime.eval(
            """
            const root = await getDirectory("/");
            const folder = await root.getDirectoryHandle("in");
            const file = await (await folder.getFileHandle("numbers.csv")).getFile();
            const total = (await file.text()).split(/[,\\n]/).reduce((sum, text) => sum + Number(text), 0);
            const out = await root.getFileHandle("total.txt", { create: true });
            const writable = await out.createWritable();
            await writable.write(`${total}`);
            await writable.close();
            total
            """
        )
    assert total == 10
    assert (tmp_path / "total.txt").read_text() == "10"


async def test_files_are_read_only_by_default(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("kept")
    async with host.create_runtime(bindings={"files": create_file_bindings(tmp_path)}) as runtime:
        results = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const fsp = fs.promises, attempts = {
              writeFile: () => fsp.writeFile("/f", ""), appendFile: () => fsp.appendFile("/f", "x"),
              mkdir: () => fsp.mkdir("/d"), unlink: () => fsp.unlink("/f"), rm: () => fsp.rm("/f"),
              rename: () => fsp.rename("/f", "/g"), truncate: () => fsp.truncate("/f"),
              open: () => fsp.open("/f", "r+"), copy: () => fsp.copyFile("/f", "/g"),
              chmod: () => fsp.chmod("/f", 0o777),
              utimes: () => fsp.utimes("/f", 0, 0), access: () => fsp.access("/f", fs.constants.W_OK),
              stream: () => new Promise((_, reject) => fs.createWriteStream("/f").on("error", reject)),
              mkdtemp: () => fsp.mkdtemp("/t"),
            };
            const results = {};
            for (const name in attempts) results[name] = (await outcome(attempts[name]))[0];
            [results, fs.readFileSync("/f", "utf8")]
            """
        )
    assert set(results[0].values()) == {"EROFS"}, results[0]
    assert results[1] == "kept"


async def test_relative_paths_start_at_cwd(host: Host, tmp_path: Path) -> None:
    (tmp_path / "work" / "sub").mkdir(parents=True)
    (tmp_path / "work" / "f").write_text("here")
    async with files_runtime(host, tmp_path, cwd="/work") as runtime:
        result = await runtime.eval(
            """
            import fs from "node:fs";
            import nodePath from "node:path";
            const names = [];
            for await (const name of (await getDirectory()).keys()) names.push(name);
            fs.writeFileSync("sub/g", "there");
            [names, fs.readFileSync("f", "utf8"), fs.readFileSync("./sub/../f", "utf8"),
             fs.realpathSync("sub/g"),
             (await getDirectory("sub")).name, nodePath.resolve("f"), nodePath.relative("/", "f"),
             path.resolve("..", "x"), fs.existsSync(nodePath.join("..", "work", "f")),
             (await getDirectory("..")).name]
            """
        )
    assert result == [
        ["f", "sub"],
        "here",
        "here",
        "/work/sub/g",
        "sub",
        "/work/f",
        "work/f",
        "/x",
        True,
        "",
    ]
    assert (tmp_path / "work" / "sub" / "g").read_text() == "there"


async def test_several_roots(host: Host, tmp_path: Path) -> None:
    for name in ("data", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "f").write_text("data")
    roots: Any = {
        "/data": tmp_path / "data",
        "/out": (tmp_path / "out", "rw"),
        "/scratch": (MemoryFiles({"/note": "memory"}), "rw"),
    }
    async with host.create_runtime(bindings={"files": create_file_bindings(roots=roots)}) as runtime:
        result = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const root = await getDirectory("/");
            const data = await root.getDirectoryHandle("data");
            const results = [fs.readdirSync("/"), fs.readFileSync("/scratch/note", "utf8")];
            results.push((await outcome(() => data.getFileHandle("new", { create: true })))[0]);
            results.push((await outcome(() => root.getDirectoryHandle("new", { create: true })))[0]);
            results.push(await data.queryPermission({ mode: "readwrite" }));
            results.push(await (await root.getDirectoryHandle("out")).queryPermission({ mode: "readwrite" }));
            results.push((await outcome(() => fs.renameSync("/scratch/note", "/out/note")))[0]);
            fs.copyFileSync("/scratch/note", "/out/note");
            fs.cpSync("/data", "/scratch/all", { recursive: true });
            [...results, fs.readFileSync("/scratch/all/f", "utf8")]
            """
        )
    assert result == [
        ["data", "out", "scratch"],
        "memory",
        "NotAllowedError",
        "NotAllowedError",
        "denied",
        "granted",
        "EXDEV",
        "data",
    ]
    assert (tmp_path / "out" / "note").read_text() == "memory"


class AsyncObject:
    """An embedder's own files: async, over a dictionary, with ranges."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.calls: list[str] = []

    async def read_file(self, path: str) -> bytes:
        self.calls.append(f"read {path}")
        await asyncio.sleep(0)
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    async def read_range(self, path: str, offset: int, length: int) -> bytes:
        self.calls.append(f"range {path}")
        return self.files[path][offset : offset + length]

    async def write_file(self, path: str, data: bytes) -> None:
        self.calls.append(f"write {path}")
        self.files[path] = data

    async def unlink(self, path: str) -> None:
        del self.files[path]

    async def readdir(self, path: str) -> list[str]:
        return [name[1:] for name in self.files]

    async def mkdir(self, path: str) -> None:
        raise PermissionError("flat")

    async def rmdir(self, path: str) -> None:
        raise PermissionError("flat")

    async def stat(self, path: str) -> dict[str, Any]:
        if path == "/":
            return {"kind": "directory"}
        if path not in self.files:
            raise FileNotFoundError(path)
        return {"kind": "file", "size": len(self.files[path]), "mtime": 1.0}

    async def rename(self, path: str, new_path: str) -> None:
        self.files[new_path] = self.files.pop(path)


async def test_an_object_of_the_embedder(host: Host) -> None:
    own = AsyncObject({"/a": b"content of a", "/big": bytes(3 * MIB)})
    async with host.create_runtime(bindings={"files": own}) as runtime:
        result = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const root = await getDirectory("/");
            const names = []; for await (const [name, handle] of root) names.push(`${name}:${handle.kind}`);
            const handle = await root.getFileHandle("b", { create: true });
            const writable = await handle.createWritable();
            await writable.write("new"); await writable.write({ type: "write", position: 1, data: "E" });
            await writable.close();
            const file = await fs.promises.open("/c", "w+");
            await file.write("via a handle"); await file.close();
            await fs.promises.rename("/c", "/d");
            const big = await (await root.getFileHandle("big")).getFile();
            [names, fs.readFileSync("/a", "utf8"), await (await handle.getFile()).text(),
             fs.readFileSync("/d", "utf8"), (await big.arrayBuffer()).byteLength,
             await outcome(() => fs.mkdirSync("/x")), await outcome(() => root.getFileHandle("none"))]
            """
        )
    assert result == [
        ["a:file", "big:file"],
        "content of a",
        "nEw",
        "via a handle",
        3 * MIB,
        ["EACCES", "EACCES: permission denied, mkdir '/x'"],
        ["NotFoundError", "no such file or directory: /none"],
    ]
    assert own.files["/b"] == b"nEw"
    assert "read /big" not in own.calls
    assert own.calls.count("write /b") == 2  # made empty, then committed


async def test_fsspec(host: Host) -> None:
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe("/bucket/in/data.json", b'{"x": 1}')
    async with host.create_runtime(bindings={"files": fsspec_files(filesystem, "/bucket")}) as runtime:
        result = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            const data = JSON.parse(fs.readFileSync("/in/data.json", "utf8"));
            fs.mkdirSync("/out"); fs.writeFileSync("/out/x.txt", String(data.x));
            fs.appendFileSync("/out/x.txt", "!");
            const [kind] = await outcome(() => fs.readFileSync("/in"));
            [fs.readdirSync("/"), fs.statSync("/out/x.txt").size, kind]
            """
        )
    assert result == [["in", "out"], 2, "EISDIR"]
    assert filesystem.cat("/bucket/out/x.txt") == b"1!"


async def test_names_that_fsspec_takes_for_patterns(host: Host) -> None:
    """Moving the file `*` moves that file, and nothing else."""
    filesystem = fsspec.filesystem("memory")
    for name in ("a", "b", "*", "[ab]", "d/x", "e/y"):
        filesystem.pipe(f"/patterns/{name}", name.encode())
    async with host.create_runtime(bindings={"files": fsspec_files(filesystem, "/patterns")}) as runtime:
        result = await runtime.eval(
            OUTCOME
            + """
            import fs from "node:fs";
            fs.renameSync("/*", "/star");
            fs.renameSync("/[ab]", "/d/?");
            const [onto] = await outcome(() => fs.renameSync("/a", "/d"));
            const [full] = await outcome(() => fs.renameSync("/d", "/e"));
            fs.renameSync("/e", "/f");
            [onto, full, fs.readdirSync("/"), fs.readdirSync("/d"), fs.readdirSync("/f"),
             fs.readFileSync("/star", "utf8"), fs.readFileSync("/d/?", "utf8"), fs.readFileSync("/a", "utf8")]
            """
        )
    assert result == [
        "EISDIR", "ENOTEMPTY", ["a", "b", "d", "f", "star"], ["?", "x"], ["y"], "*", "[ab]", "a",
    ]  # fmt: skip


async def test_wrong_bindings_say_what_would_be_right(host: Host) -> None:
    with pytest.raises(ConfigurationError, match="read_file, write_file, unlink"):
        async with host.create_runtime(bindings={"files": object()}):
            pass


async def test_host_and_program_share_a_tree(host: Host) -> None:
    files = MemoryFiles({"/from-host": "hello"})
    async with files_runtime(host, files=files) as runtime:
        text = await runtime.eval(
            """
            import fs from "node:fs";
            fs.writeFileSync("/from-program", "hi");
            fs.readFileSync("/from-host", "utf8")
            """
        )
    assert text == "hello"
    assert await files.read_file("/from-program") == b"hi"


async def test_errors_point_at_the_program(host: Host, tmp_path: Path) -> None:
    async with files_runtime(host, tmp_path) as runtime:
        for code in ('fs.readFileSync("/none")', 'await fs.promises.readFile("/none")'):
            with pytest.raises(GuestError) as caught:
                await runtime.eval(f'import fs from "node:fs";\n\n{code}', filename="/app/main.ts")
            assert caught.value.name == "Error"
            assert caught.value.message == "ENOENT: no such file or directory, open '/none'"
            assert caught.value.properties["code"] == "ENOENT"
            assert "/isolatejs" not in caught.value.stack
        assert (caught.value.filename, caught.value.line) == ("/app/main.ts", 3)


async def test_files_cross_as_values(host: Host, tmp_path: Path) -> None:
    """A File of the file system can be returned, and given to a tool, small or large."""
    (tmp_path / "small.txt").write_text("small")
    (tmp_path / "large.bin").write_bytes(b"\7" * 3 * MIB)
    got: list[bytes] = []

    async def take(file: Any) -> int:
        data = await file.bytes() if hasattr(file, "bytes") else bytes(file)
        got.append(data)
        return len(data)

    bindings = {"files": create_file_bindings(tmp_path), "tools": {"take": take}}
    async with host.create_runtime(bindings=bindings) as runtime:
        sizes = await runtime.eval(
            """
            const root = await getDirectory("/");
            const file = async (name) => await (await root.getFileHandle(name)).getFile();
            [await take(await file("small.txt")), await take(await file("large.bin"))]
            """
        )
        returned = await runtime.eval(
            """
            const small = await (await getDirectory("/")).getFileHandle("small.txt");
            await small.getFile()
            """
        )
    assert sizes == [5, 3 * MIB]
    assert got == [b"small", b"\7" * 3 * MIB]
    assert returned.name == "small.txt"


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


STREAMS = {
    "File System API": """
        const root = await getDirectory("/");
        const out = await (await root.getFileHandle("copy", { create: true })).createWritable();
        await (await (await root.getFileHandle("big")).getFile()).stream().pipeTo(out);
        (await (await root.getFileHandle("copy")).getFile()).size""",
    "node streams": """
        import fs from "node:fs";
        import { pipeline } from "node:stream/promises";
        await pipeline(fs.createReadStream("/big"), fs.createWriteStream("/copy"));
        fs.statSync("/copy").size""",
    "synchronous": """
        import fs from "node:fs";
        const [from, to] = [fs.openSync("/big"), fs.openSync("/copy", "w")];
        const buffer = new Uint8Array(1 << 20);
        for (let count; (count = fs.readSync(from, buffer)) > 0;) fs.writeSync(to, buffer, 0, count);
        fs.statSync("/copy").size""",
}


@pytest.mark.parametrize("way", STREAMS)
async def test_large_files_stream_in_constant_memory(host: Host, tmp_path: Path, way: str) -> None:
    """256 MB through a program that may use 128 MB: neither side holds more than a few pieces."""
    size = 256 * MIB
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", size)
    before = resident_bytes()
    async with files_runtime(host, tmp_path) as runtime:
        assert await runtime.eval(STREAMS[way]) == size
        assert resident_bytes() - before < 48 * MIB
    os.unlink(tmp_path / "copy")


def names_of_descriptors(root: Path) -> set[str]:
    """Files below the root that this process has open."""
    links = [
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{fd}")
    ]
    return {os.path.relpath(link, root) for link in links if link.startswith(f"{root}/")}


async def test_disposing_closes_what_is_open(host: Host, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    for _ in range(2):
        async with files_runtime(host, tmp_path) as runtime:
            await runtime.eval(
                """
                import fs from "node:fs";
                globalThis.open = [1, 2, 3].map(() => fs.openSync("/f"));
                fs.createReadStream("/f");
                1
                """
            )
            assert "f" in names_of_descriptors(tmp_path)
            assert (await runtime.diagnostics())["pending_files"] >= 3
        assert names_of_descriptors(tmp_path) == set()


async def test_many_operations_at_once(host: Host, tmp_path: Path) -> None:
    async with files_runtime(host, tmp_path) as runtime:
        result = await runtime.eval(
            """
            import fs from "node:fs";
            const fsp = fs.promises;
            const numbers = Array.from({ length: 300 }, (_, i) => i);
            await Promise.all(numbers.map((i) => fsp.writeFile(`/f${i}`, String(i).repeat(i * 10))));
            const read = await Promise.all(numbers.map((i) => fsp.readFile(`/f${i}`, "utf8")));
            // Synchronous calls while others are under way.
            const waiting = numbers.map((i) => fsp.stat(`/f${i}`));
            const sync = numbers.map((i) => fs.statSync(`/f${i}`).size);
            const stats = (await Promise.all(waiting)).map(({ size }) => size);
            const right = read.every((text, i) => text === String(i).repeat(i * 10));
            [right, String(sync) === String(stats), (await fsp.readdir("/")).length]
            """
        )
    assert result == [True, True, 300]


async def test_a_library_that_expects_node(host: Host, tmp_path: Path) -> None:
    """CommonJS and callback style, as older packages use them."""
    async with files_runtime(host, tmp_path) as runtime:
        result = await runtime.eval(
            """
            import { createRequire } from "node:module";
            import { promisify } from "node:util";
            const require = createRequire("/index.js");
            const fs = require("fs"), fsp = require("fs/promises");
            await promisify(fs.writeFile)("/f", "text");
            const { readFile, constants } = await import("fs");
            const text = await promisify(readFile)("/f", "utf8");
            [text, fsp === fs.promises, fs === require("node:fs"), constants.O_RDWR]
            """
        )
    assert result == ["text", True, True, 2]


async def test_streams_as_node_has_them(host: Host, tmp_path: Path) -> None:
    """Chunks hold no more than their bytes; classes without `new`; functions of one's own; a FileHandle."""
    program = """
        import fs from "node:fs";
        import { once } from "node:events";
        fs.writeFileSync("/a", "x".repeat(500));
        const out = [];
        for await (const chunk of fs.createReadStream("/a")) out.push(chunk.length, chunk.buffer.byteLength);
        const writer = fs.WriteStream("/b");
        writer.end("hi");
        await once(writer, "close");
        out.push(fs.readFileSync("/b", "utf8"), writer instanceof fs.WriteStream);
        class Mine extends fs.ReadStream { own = 1 }
        const mine = new Mine("/b");
        out.push(mine.own, mine instanceof Mine, mine instanceof fs.ReadStream);
        mine.destroy();
        let opened = 0;
        const open = (...args) => { opened++; fs.open(...args) };
        for await (const chunk of fs.createReadStream("/a", { fs: { open } })) out.push(chunk.length);
        out.push(opened);
        try { fs.createReadStream("/a", { fs: { open: 1 } }) } catch (error) { out.push(error.code) }
        const handle = await fs.promises.open("/a");
        for await (const chunk of fs.createReadStream(null, { fd: handle, start: 490 })) out.push(chunk.length);
        out"""
    async with files_runtime(host, tmp_path) as runtime:
        assert await runtime.eval(program) == [
            500, 500, "hi", True, 1, True, True, 500, 1, "ERR_INVALID_ARG_TYPE", 10,
        ]  # fmt: skip


async def test_modes_of_new_directories(host: Host, tmp_path: Path) -> None:
    program = """
        import fs from "node:fs";
        fs.mkdirSync("/a", 0o700);
        fs.mkdirSync("/b/c/d", { recursive: true, mode: 0o500 | 0o200 });
        fs.mkdirSync("/a/e", { mode: 0o777 });
        await fs.promises.mkdir("/b/c/f", { recursive: true, mode: "711" });
        fs.mkdirSync("/b", { recursive: true, mode: 0o777 });
        ["/a", "/b", "/b/c", "/b/c/d", "/a/e", "/b/c/f"].map((path) => (fs.statSync(path).mode & 0o777).toString(8))"""
    for files in (MemoryFiles(), create_file_bindings(tmp_path, allow_write=True)):
        async with files_runtime(host, files=files) as runtime:
            assert await runtime.eval(program) == ["700", "700", "700", "700", "755", "711"]
