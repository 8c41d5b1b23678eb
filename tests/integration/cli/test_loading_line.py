"""The line that a terminal shows while packages load: there while it takes long, gone when the program runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from isolatejs import create_isolate_host, create_module_resolver
from isolatejs.capabilities.modules.progress import ModuleProgress
from isolatejs.cli import loading_line

MODULES = 600
PROGRAM = 'import { total } from "many"; console.log(`the program runs ${total}`);'
AT_ONCE = (
    "import isolatejs.cli.loading_line as line; line.SHOWN_AFTER_S = line.REDRAWN_AFTER_S = 0.001; "
    "from isolatejs.cli.main import main; main()"
)
"""The command, with a line that is shown at once and drawn often: how fast a machine is does not matter."""
LINE = re.compile(r"\r\x1b\[K(?:\x1b\[2m)?\S Loading ([\d,]+) modules?, [\d.]+ MB")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program and a server that import a package of many files."""
    many = tmp_path / "node_modules" / "many"
    many.mkdir(parents=True)
    (many / "package.json").write_text('{"name": "many", "type": "module", "main": "index.js"}')
    for n in range(MODULES):
        (many / f"m{n}.js").write_text(f"export const m{n} = {n};\n")
    imports = "".join(f'import {{ m{n} }} from "./m{n}.js";\n' for n in range(MODULES))
    names = ", ".join(f"m{n}" for n in range(MODULES))
    (many / "index.js").write_text(f"{imports}export const total = [{names}].length;")
    (tmp_path / "main.ts").write_text(PROGRAM)
    (tmp_path / "server.ts").write_text(f"{PROGRAM}\nserve({{ fetch: () => new Response(String(total)) }});")
    return tmp_path


@dataclass
class Screen:
    """A terminal on which a command runs: all that was written to it."""

    main: int
    text: str = ""

    def read_until(self, pattern: str) -> str:
        """Everything up to a line that matches."""
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.text!r}"
            if select.select([self.main], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.main, 65536).decode()
                except OSError:  # the command has ended
                    assert re.search(pattern, self.text), f"no {pattern!r} in {self.text!r}"
        return self.text


@contextlib.contextmanager
def terminal(project: Path, *arguments: str, stdout: int | None = None) -> Iterator[Screen]:
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, 80))
    environment = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, *arguments],
        cwd=project, env={**environment, "TERM": "xterm"},
        stdin=subprocess.PIPE, stdout=other if stdout is None else stdout, stderr=other,
    )  # fmt: skip
    os.close(other)
    try:
        yield Screen(main)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()
            os.close(main)


def shown(text: str) -> str:
    """What is left to see: of each line, what stands behind its last erasing."""
    return "\n".join(line.rpartition("\r\x1b[K")[2] for line in text.replace("\r\n", "\n").split("\n"))


def test_line_is_there_while_packages_load_and_gone_when_the_program_runs(project: Path) -> None:
    with terminal(project, "run", "main.ts", "--node-modules", "auto") as screen:
        text = screen.read_until(r"the program runs \d+\r\n")
    before, _, _ = text.partition("the program runs")
    counts = [int(count.replace(",", "")) for count in LINE.findall(before)]
    assert counts == sorted(counts)
    assert counts[-1] > MODULES // 2  # it says how far it is, and was drawn again meanwhile
    assert len(set(counts)) > 1
    assert "\x1b[K" in before
    assert shown(text) == f"the program runs {MODULES}\n"


def test_failed_import_takes_the_line_away(project: Path) -> None:
    (project / "main.ts").write_text(PROGRAM + '\nimport "many/absent.js";')
    with terminal(project, "run", "main.ts", "--node-modules", "auto") as screen:
        text = screen.read_until(r"absent.*\r\n")
    assert "Loading" not in shown(text)
    assert "absent.js" in shown(text)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_pipe_and_json_are_quiet(project: Path, flags: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, "run", "main.ts", "--node-modules", "auto", *flags],
        cwd=project, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Loading" not in done.stdout + done.stderr
    assert "\x1b" not in done.stderr


def test_json_is_quiet_on_a_terminal(project: Path) -> None:
    with terminal(project, "run", "main.ts", "--node-modules", "auto", "--json") as screen:
        text = screen.read_until(r"\{.*\}\r\n")
    assert text == f'the program runs {MODULES}\r\n{{"value": null}}\r\n'


def test_server_loads_before_it_listens(project: Path) -> None:
    with terminal(project, "serve", "server.ts", "--port", "0", "--node-modules", "node_modules") as screen:
        text = screen.read_until(r"Listening on .*\r\n")
    assert LINE.search(text.partition("the program runs")[0])
    assert next(line for line in shown(text).split("\n") if line) == f"the program runs {MODULES}"


def test_input_of_the_repl_waits_for_its_packages(project: Path) -> None:
    main, other = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, "repl", "--node-modules", "auto"],
        cwd=project, env={**os.environ, "TERM": "xterm"}, input='(await import("many")).total\n',
        stdout=subprocess.PIPE, stderr=other, text=True, timeout=60,
    )  # fmt: skip
    os.close(other)
    with open(main, "rb", buffering=0) as screen:  # noqa: PTH123  (a descriptor)
        pieces = []
        with contextlib.suppress(OSError):  # a terminal ends with EIO
            while piece := screen.read(65536):
                pieces.append(piece)
    text = b"".join(pieces).decode()
    assert done.stdout == f"{MODULES}\n"
    assert LINE.search(text)
    assert shown(text) == ""


def test_fast_loading_shows_nothing(tmp_path: Path) -> None:
    class Terminal:
        has_status = True
        statuses: list[str] = []  # noqa: RUF012

        def show_status(self, text: str) -> None:
            self.statuses.append(text)

    async def load() -> None:
        line = loading_line.LoadingLine(Terminal())  # type: ignore[arg-type]
        async with line:
            line.progress(ModuleProgress("r", None, 1, 1_500_000, done=False))
            line.progress(ModuleProgress("r", None, 2, 1_500_000, done=True))

    asyncio.run(load())
    assert set(Terminal.statuses) <= {""}


async def test_listener_hears_of_each_module_and_of_the_end(project: Path) -> None:
    heard: list[ModuleProgress] = []
    modules = create_module_resolver().mount_node_modules("/node_modules", project / "node_modules")
    modules.on_progress(heard.append)
    async with (
        create_isolate_host(pool_size=0) as host,
        host.create_runtime(
            bindings={"modules": modules, "tools": {"isDone": lambda: heard[-1].done}}, key="mine"
        ) as runtime,
    ):
        program = 'import { total } from "many"; [total, await isDone()]'
        assert await runtime.eval(program) == [MODULES, True]  # it was told before the program ran
        first, last = heard[0], heard[-1]
        assert (first.modules, first.size_bytes, first.done) == (0, 0, False)
        assert (last.modules, last.done, last.key) == (MODULES + 1, True, "mine")
        files = (project / "node_modules" / "many").glob("*.js")
        assert last.size_bytes == sum(file.stat().st_size for file in files)
        assert [progress.modules for progress in heard] == [*range(MODULES + 2), MODULES + 1]
        assert {progress.runtime_id for progress in heard} == {runtime.id}
        heard.clear()
        assert await runtime.eval('import { total } from "many"; total') == MODULES
        assert heard == []  # it is there already


async def test_listener_hears_the_end_of_what_failed(project: Path) -> None:
    heard: list[ModuleProgress] = []
    modules = create_module_resolver().mount_node_modules("/node_modules", project / "node_modules")
    modules.on_progress(heard.append)
    async with (
        create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings={"modules": modules}) as runtime,
    ):
        caught = await runtime.eval(
            'let code; try { await import("absent") } catch (e) { code = e.code } code'
        )
        assert caught == "ERR_MODULE_NOT_FOUND"
        assert [progress.done for progress in heard] == [False, True]
