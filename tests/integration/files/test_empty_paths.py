"""An empty path, such as an option that is not set, names nothing: never the working directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import MemoryFiles, create_file_bindings

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost as Host

TREE = {"/work/canary.txt": "1", "/work/sub/x.txt": "2"}
CALLS = {
    "access": "''",
    "appendFile": "'', 'x'",
    "chmod": "'', 0o700",
    "copyFile": "'', '/copy'",
    "copyFile to": "'/work/canary.txt', ''",
    "cp": "'', '/copy', { recursive: true }",
    "cp to": "'/work/sub', '', { recursive: true }",
    "lstat": "''",
    "lutimes": "'', 1, 1",
    "mkdir": "''",
    "mkdir all": "'', { recursive: true }",
    "open": "''",
    "open to write": "'', 'w'",
    "opendir": "''",
    "readdir": "''",
    "readdir all": "'', { recursive: true }",
    "readFile": "''",
    "readlink": "''",
    "realpath": "''",
    "rename": "'', '/moved'",
    "rename to": "'/work/sub', ''",
    "rm": "''",
    "rm all": "'', { recursive: true }",
    "rmdir": "''",
    "rmdir all": "'', { recursive: true }",
    "stat": "''",
    "truncate": "''",
    "unlink": "''",
    "utimes": "'', 1, 1",
    "writeFile": "'', 'x'",
}


def seen(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


async def test_every_function_says_that_there_is_nothing(host: Host, tmp_path: Path) -> None:
    (tmp_path / "work" / "sub").mkdir(parents=True)
    for name, text in TREE.items():
        (tmp_path / name[1:]).write_text(text)
    before = seen(tmp_path)
    calls = ", ".join(f"[{name!r}, [{arguments}]]" for name, arguments in CALLS.items())
    program = f"""
        import fs from "node:fs";
        const wrong = [];
        const told = (name, error) => {{ if (error?.code !== "ENOENT") wrong.push(`${{name}}: ${{error?.code ?? error}}`) }};
        for (const [name, given] of [{calls}]) {{
          for (const empty of ["", Buffer.alloc(0)]) {{
            const args = given.map((value) => value === "" ? empty : value);
            const method = name.split(" ")[0];
            try {{ fs[method + "Sync"](...args); wrong.push(`${{name}}Sync worked`) }} catch (error) {{ told(name, error) }}
            await fs.promises[method](...args).then(() => wrong.push(`${{name}} worked`), (error) => told(name, error));
            await new Promise((resolve) => fs[method](...args, (error) => {{ told(`${{name}} callback`, error); resolve() }}));
          }}
        }}
        fs.rmSync("", {{ recursive: true, force: true }});
        await fs.promises.rm("", {{ recursive: true, force: true }});
        if (fs.existsSync("")) wrong.push("exists");
        for (const make of [() => fs.createReadStream(""), () => fs.createWriteStream("")]) {{
          await new Promise((resolve) => make().on("error", (error) => {{ told("stream", error); resolve() }}));
        }}
        await getDirectory("").then(() => wrong.push("getDirectory"), (error) => {{
          if (error.name !== "NotFoundError") wrong.push(String(error));
        }});
        const directory = await getDirectory("/work");
        for (const method of ["getFileHandle", "getDirectoryHandle", "removeEntry"]) {{
          for (const options of [{{}}, {{ create: true, recursive: true }}]) {{
            await directory[method]("", options).then(
              () => wrong.push(method),
              (error) => {{ if (!(error instanceof TypeError)) wrong.push(String(error)) }},
            );
          }}
        }}
        wrong"""
    trees: list[Any] = [MemoryFiles(TREE), create_file_bindings(tmp_path, allow_write=True)]
    for files in trees:
        async with host.create_runtime(bindings={"files": files}, cwd="/work") as runtime:
            assert await runtime.eval(program) == []
            assert await runtime.eval("import fs from 'node:fs'; fs.readdirSync('/work')") == [
                "canary.txt",
                "sub",
            ]
    assert seen(tmp_path) == before


async def test_promisified_forms(host: Host) -> None:
    program = """
        import fs from "node:fs";
        import { promisify } from "node:util";
        fs.writeFileSync("/a", "hello");
        const fd = fs.openSync("/a", "r+");
        const read = await promisify(fs.read)(fd, Buffer.alloc(5), 0, 5, 0);
        const write = await promisify(fs.write)(fd, Buffer.from("xyz"), 0, 3, 5);
        const readv = await promisify(fs.readv)(fd, [Buffer.alloc(2), Buffer.alloc(1)], 0);
        const writev = await promisify(fs.writev)(fd, [Buffer.from("1"), Buffer.from("2")], 0);
        [
          [read.bytesRead, read.buffer.toString()], [write.bytesWritten, write.buffer.toString()],
          [readv.bytesRead, readv.buffers.map(String)], [writev.bytesWritten, writev.buffers.length],
          await promisify(fs.exists)("/a"), await promisify(fs.exists)("/no"), await promisify(fs.exists)(""),
          (await promisify(fs.stat)("/a")).size, Object.keys(fs.read), promisify(fs.read).name,
          await promisify(fs.read)(999, Buffer.alloc(1), 0, 1, 0).catch((error) => error.code),
        ]"""
    async with host.create_runtime(bindings={"files": MemoryFiles()}) as runtime:
        assert await runtime.eval(program) == [
            [5, "hello"], [3, "xyz"], [3, ["he", "l"]], [2, 2], True, False, False, 8, [], "read", "EBADF",
        ]  # fmt: skip


@pytest.mark.parametrize("name", ["/foo.txt", "/sub/foo.txt"])
async def test_rmdir_of_a_file_leaves_it(host: Host, tmp_path: Path, name: str) -> None:
    program = f"""
        import fs from "node:fs";
        fs.mkdirSync("/sub", {{ recursive: true }});
        fs.writeFileSync({name!r}, "hello");
        const codes = [];
        for (const options of [undefined, {{ recursive: false }}]) {{
          try {{ fs.rmdirSync({name!r}, options) }} catch (error) {{ codes.push(error.code) }}
          await fs.promises.rmdir({name!r}, options).catch((error) => codes.push(error.code));
        }}
        [...codes, fs.readFileSync({name!r}, "utf8")]"""
    for files in (MemoryFiles(), create_file_bindings(tmp_path, allow_write=True)):
        async with host.create_runtime(bindings={"files": files}) as runtime:
            assert await runtime.eval(program) == [*["ENOTDIR"] * 4, "hello"]
