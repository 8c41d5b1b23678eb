"""`isolatejs serve` as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Command:
    """A running `isolatejs serve`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.url = ""
        self.lines: list[str] = []

    async def wait_line(self, pattern: str) -> re.Match[str]:
        """The next line on standard error that matches."""
        assert self.process.stderr is not None
        async with asyncio.timeout(90):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line)
                if match := re.search(pattern, line):
                    return match
        raise AssertionError(f"no line like {pattern!r} in {self.lines}")

    async def wait_listening(self) -> str:
        """The URL of the server, without a slash at its end."""
        self.url = (await self.wait_line(r"Listening on (http://[\d.:]+)/"))[1]
        return self.url

    def family(self) -> list[int]:
        """All processes that it has started and that still run."""
        return _descendants(self.process.pid)

    async def stop(self) -> int:
        """Ctrl-C; gives the exit status."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(90):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def serving(folder: Path, *arguments: str) -> AsyncIterator[Command]:
    environment = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "isolatejs.cli.main", "serve", *arguments, "--port", "0",
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    command = Command(process)
    try:
        yield command
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                children += [int(child), *_descendants(int(child))]
    return children
