"""Files of an embedder's own object, seen by a program."""

from __future__ import annotations

import asyncio
from typing import Any

import isolatejs


class Liar:
    """Says that its file is longer than it is."""

    def read_file(self, path: str) -> bytes:
        return b""

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        return b"x" * min(length, max(0, 100_000 - offset))

    def readdir(self, path: str) -> list[str]:
        return ["a.txt"]

    def stat(self, path: str) -> dict[str, Any]:
        return {"kind": "directory"} if path == "/" else {"kind": "file", "size": 200_000}


async def test_a_file_that_is_shorter_than_it_says_fails_to_be_read(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(bindings={"files": Liar()}) as runtime:
        code = """
        const file = await (await (await getDirectory("/")).getFileHandle("a.txt")).getFile();
        const names = [];
        try { await file.text() } catch (error) { names.push(error.name) }
        try { URL.createObjectURL(file); names.push("made") } catch (error) { names.push(error.name) }
        names
        """
        names = await asyncio.wait_for(runtime.eval(code), 20)
        assert names == ["NotReadableError", "NotReadableError"]
