"""`isolatejs run` as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "isolatejs.cli.main"]


def run(
    *arguments: str, cwd: Path | None = None, stdin: str = "", check: int = 0
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    done = subprocess.run(
        [*COMMAND, "run", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == check, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def test_code_shows_its_value() -> None:
    assert run("-e", "1 + 1").stdout == "2\n"


def test_console_goes_to_the_right_streams() -> None:
    done = run("-e", 'console.log("out"); console.warn("careful"); console.error("bad"); undefined')
    assert done.stdout == "out\n"
    assert done.stderr == "careful\nbad\n"


def test_program_from_standard_input() -> None:
    assert run("-", stdin='console.log("hello")').stdout == "hello\n"


def test_file_does_not_show_its_value(tmp_path: Path) -> None:
    (tmp_path / "main.ts").write_text("const x: number = 40; console.log(x + 2); x")
    assert run("main.ts", cwd=tmp_path).stdout == "42\n"


def test_file_imports_its_neighbours_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secret.ts").write_text('export const secret = "s3cret"')
    source = tmp_path / "src"
    (source / "lib").mkdir(parents=True)
    (source / "lib" / "greet.ts").write_text("export const greet = (name: string) => `hello ${name}`;")
    (source / "main.ts").write_text('import { greet } from "./lib/greet.ts"; console.log(greet("you"));')
    (source / "nosy.ts").write_text('import { secret } from "../secret.ts"; console.log(secret);')
    (source / "link.ts").symlink_to(tmp_path / "secret.ts")
    (source / "linked.ts").write_text('import { secret } from "./link.ts"; console.log(secret);')
    assert run("src/main.ts", cwd=tmp_path).stdout == "hello you\n"
    for name in ("nosy.ts", "linked.ts"):
        done = run(f"src/{name}", cwd=tmp_path, check=1)
        assert "s3cret" not in done.stdout
        assert str(tmp_path) not in done.stderr


def test_error_points_at_the_line_that_the_user_wrote(tmp_path: Path) -> None:
    (tmp_path / "main.ts").write_text(
        "interface Point { x: number }\n"
        "function area(point: Point): number {\n"
        "  return point.y.z;\n"
        "}\n"
        "area({ x: 1 });\n"
    )
    done = run("main.ts", cwd=tmp_path, check=1)
    assert "TypeError" in done.stderr
    assert "3 |   return point.y.z;" in done.stderr
    assert "/main.ts:3:" in done.stderr
    assert str(tmp_path) not in done.stderr


def test_syntax_error_points_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text("const a = 1;\nconst b = ;\n")
    done = run("main.js", cwd=tmp_path, check=1)
    assert "SyntaxError" in done.stderr
    assert "2 | const b = ;" in done.stderr


@pytest.mark.parametrize("code", ["getDirectory('/')", "fetch('http://127.0.0.1:1/')", "Deno.cwd()"])
def test_everything_is_denied_by_default(code: str) -> None:
    run("-e", f"await {code}", check=1)


def test_environment_of_the_machine_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    code = "['PATH', 'HOME', 'SECRET_OF_THE_HOST'].filter((name) => name in process.env).length"
    assert run("-e", code).stdout == "0\n"


def test_allowed_directory_can_be_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("contents")
    read = (
        "const d = await getDirectory('/'); await (await (await d.getFileHandle('a.txt')).getFile()).text()"
    )
    assert run("--allow-read", str(tmp_path), "-e", read).stdout == "contents\n"
    write = (
        "const d = await getDirectory('/'); const f = await d.getFileHandle('b.txt', {create: true});"
        "const w = await f.createWritable(); await w.write('new'); await w.close(); 'done'"
    )
    run("--allow-read", str(tmp_path), "-e", write, check=1)
    assert not (tmp_path / "b.txt").exists()
    assert run("--allow-write", str(tmp_path), "-e", write).stdout == "done\n"
    assert (tmp_path / "b.txt").read_text() == "new"


def test_two_directories_appear_by_their_names(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f.txt").write_text(name)
    code = (
        "const file = async (d) => (await (await getDirectory(d)).getFileHandle('f.txt')).getFile();"
        "const read = async (d) => (await file(d)).text();"
        "[await read('/one'), await read('/two')].join()"
    )
    done = run("--allow-read", str(tmp_path / "one"), "--allow-read", str(tmp_path / "two"), "-e", code)
    assert done.stdout == "one,two\n"


def test_tools_of_a_python_module(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(
        "async def greet(name: str) -> str:\n    return f'hello {name}'\ntools = {'greet': greet}\n"
    )
    done = run("--tools", "my_tools:tools", "-e", "await greet('you')", cwd=tmp_path)
    assert done.stdout == "hello you\n"


def test_time_limit_is_status_124() -> None:
    started = time.monotonic()
    done = run("--timeout", "0.3", "-e", "while (true) {}", check=124)
    assert "execution_timeout_ms" in done.stderr
    assert time.monotonic() - started < 30


def test_memory_limit_is_status_137() -> None:
    run(
        "--memory",
        "64",
        "-e",
        "const a = []; while (true) a.push(new Array(1e5).fill(Math.random()))",
        check=137,
    )


def test_program_cannot_choose_the_exit_status() -> None:
    run("-e", "throw new Error('x')", check=1)
    run("-e", "Promise.reject(new Error('x')); await new Promise((r) => setTimeout(r, 50))", check=1)


def test_program_goes_on_until_nothing_is_left_to_wait_for(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(
        "import asyncio\nasync def slow() -> str:\n    await asyncio.sleep(0.05)\n    return 'slow'\n"
    )
    code = (
        "setTimeout(() => setTimeout(() => console.log('nested'), 30), 30); slow().then(console.log);"
        "const i = setInterval(() => { console.log('tick'); clearInterval(i) }, 10);"
        "clearTimeout(setTimeout(() => console.log('never'), 1e6)); setImmediate(() => console.log('soon'));"
        "const background = setTimeout(() => {}, 1e6); background.unref(); undefined"
    )
    done = run("--tools", "my_tools:slow", "-e", code, cwd=tmp_path)
    assert sorted(done.stdout.split()) == ["nested", "slow", "soon", "tick"]


def test_body_that_is_being_read_is_waited_for_and_one_that_is_not_is_left(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(
        "import asyncio\nfrom isolatejs import Response\n"
        "async def pieces(endless):\n"
        "    yield b'first '\n"
        "    while endless:\n"
        "        await asyncio.sleep(60)\n"
        "    await asyncio.sleep(0.1)\n"
        "    yield b'last'\n"
        "async def give(endless: bool) -> Response:\n    return Response(pieces(endless))\n"
    )
    code = "give(false).then((r) => r.text()).then(console.log); give(true).then((r) => console.log(r.status)); undefined"
    done = run("--tools", "my_tools:give", "-e", code, cwd=tmp_path)
    assert sorted(done.stdout.splitlines()) == ["200", "first last"]


def test_late_error_is_status_1() -> None:
    done = run("-e", "setTimeout(() => { throw new RangeError('late') }, 20); 1", check=1)
    assert done.stderr.count("RangeError: late") == 1


def test_time_limit_holds_for_what_goes_on() -> None:
    run("--timeout", "0.5", "-e", "setInterval(() => {}, 10); 1", check=124)


def test_json_is_one_object_on_standard_output() -> None:
    done = run("--json", "-e", "console.log('side'); ({a: [1, null], b: 'text'})")
    assert json.loads(done.stdout) == {"value": {"a": [1, None], "b": "text"}}
    assert done.stderr == "side\n"
    failed = json.loads(run("--json", "-e", "\nnull.x", check=1).stdout)
    assert failed["error"]["name"] == "TypeError"
    assert failed["error"]["line"] == 2


def test_reader_that_leaves_ends_the_command() -> None:
    command = f"{sys.executable} -m isolatejs.cli.main"
    pipeline = f"{command} run -e 'for (let i = 0; i < 1e5; i++) console.log(i)' | head -1"
    done = subprocess.run(pipeline, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_program_and_leaves_nothing(number: signal.Signals, status: int) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", "-e", "console.log('ready'); while (true) {}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    family = _descendants(process.pid)
    assert family
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in errors
    assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            children += [int(child), *_descendants(int(child))]
    return children
