"""`isolatejs check` and `isolatejs types`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def isolatejs(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isolatejs.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "text.ts").write_text("export const text = 'x' as string;")
    (tmp_path / "wrong.ts").write_text("import { text } from './lib/text';\nconst n: number = text;\n")
    (tmp_path / "tool.ts").write_text("const found = await find('x'); found[0].length;")
    (tmp_path / "files.ts").write_text(
        "for await (const name of (await getDirectory('/')).keys()) name.length;"
    )
    (tmp_path / "mytools.py").write_text(
        "def find(q: str) -> list[str]:\n    return []\ntools = {'find': find}\n"
    )
    return tmp_path


def test_errors_and_exit_status(folder: Path) -> None:
    done = isolatejs(
        "check", "wrong.ts", "files.ts", "--profile", "agent", "--capability", "files", cwd=folder
    )
    assert done.returncode == 1
    assert done.stdout.startswith(
        "wrong.ts:2:7 - error TS2322: Type 'string' is not assignable to type 'number'."
    )
    assert done.stdout.endswith("Found 1 error in wrong.ts:2.\n")
    assert done.stderr == ""


def test_no_errors(folder: Path) -> None:
    done = isolatejs("check", "files.ts", "lib/text.ts", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_json_and_github_output(folder: Path) -> None:
    found = json.loads(isolatejs("check", "wrong.ts", "--output", "json", cwd=folder).stdout)
    assert not found["success"]
    assert found["errors"][0]["code"] == 2322
    assert found["errors"][0]["filename"] == "wrong.ts"
    annotation = isolatejs("check", "wrong.ts", "--output", "github", cwd=folder).stdout
    assert annotation.startswith("::error file=wrong.ts,line=2,col=7,")


def test_what_a_program_imports_is_checked_as_well(folder: Path) -> None:
    (folder / "lib/broken.ts").write_text("import './again';\nexport const n: number = 'x';\n")
    (folder / "lib/again.ts").write_text("import './broken';\nexport const s: string = 5;\n")
    (folder / "lib/data.json").write_text("{}")
    (folder / "lib/plain.d.ts").write_text("export declare const plain: string;")
    (folder / "fine.ts").write_text(
        "import { n } from './lib/broken.ts'; import data from './lib/data.json' with { type: 'json' };\n"
        "import type { plain } from './lib/plain.d.ts'; n.toFixed(); data; export type P = typeof plain;"
    )
    done = isolatejs("check", "fine.ts", "lib/again.ts", "fine.ts", cwd=folder)
    places = [line.split(" - ")[0] for line in done.stdout.splitlines() if " - error" in line]
    assert (done.returncode, places) == (1, ["lib/again.ts:2:14", "lib/broken.ts:2:14"]), done.stdout
    elsewhere = isolatejs("check", "../fine.ts", cwd=folder / "lib")
    assert "\nbroken.ts:2:14 - error" in "\n" + elsewhere.stdout


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "binary.ts").write_bytes(b"ok\xff\xfe")
    done = isolatejs("check", "files.ts", "binary.ts", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "isolatejs check: binary.ts: no text in UTF-8 (byte 2)\n"


def test_tools_are_declared(folder: Path) -> None:
    assert isolatejs("check", "tool.ts", cwd=folder).returncode == 1
    assert isolatejs("check", "tool.ts", "--tools", "mytools:tools", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "missing.ts"], "missing.ts: No such file or directory"),
        (["check", "files.ts", "--capability", "fils"], "did you mean 'files'"),
        (["types", "--capability", "fils"], "did you mean 'files'"),
        (["types", "-o", "no/such/folder.d.ts"], "No such file or directory"),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], message: str) -> None:
    done = isolatejs(*arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_types_for_an_editor(folder: Path) -> None:
    done = isolatejs(
        "types", "--profile", "browser-test", "--tools", "mytools:tools", "-o", "types.d.ts", cwd=folder
    )
    assert (done.returncode, done.stdout) == (0, "")
    text = (folder / "types.d.ts").read_text()
    for declared in (
        "declare var browser",
        "declare var expect",
        "declare function find(q: string)",
        "declare var URL",
    ):
        assert declared in text
    assert isolatejs("types", cwd=folder).stdout.startswith(
        "// Types of isolatejs programs with the backend profile"
    )


def test_imports_of_a_hostile_project_are_not_read(folder: Path) -> None:
    """A file of a gigabyte, a pipe that nobody writes, a name that no file can have."""
    with (folder / "big.json").open("wb") as big:
        big.truncate(1 << 30)
    os.mkfifo(folder / "pipe.json")
    (folder / "hostile.ts").write_text(
        "import a from './big.json' with { type: 'json' };\n"
        "import b from './pipe.json' with { type: 'json' };\n"
        f"import c from './{'x' * 5_000}.ts';\n"
        "import d from '/proc/self/mem.json' with { type: 'json' };\n"
        "a; b; c; d;\n"
    )
    checked = isolatejs("check", "hostile.ts", "--output", "json", cwd=folder)
    assert checked.returncode == 1, checked.stderr
    assert [error["code"] for error in json.loads(checked.stdout)["errors"]] == [2307] * 4


@pytest.mark.parametrize("output", ["pretty", "model", "json", "github"])
def test_a_source_does_not_drive_the_terminal(folder: Path, output: str) -> None:
    (folder / "escape.ts").write_text(
        "const n: number = '\x1b]0;title\x07\x9b2J\x1b[2J' as 'x\x1b]52;c;aGk=\x07';\n"
    )
    main, other = pty.openpty()
    with os.fdopen(main, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "isolatejs.cli.main", "check", "escape.ts", "--output", output],
            stdin=subprocess.DEVNULL,
            stdout=other,
            stderr=other,
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1"},
        )
        os.close(other)
        shown = b""
        try:
            while data := screen.read(65536):
                shown += data
        except OSError:
            pass  # the terminal's other end is closed
        assert process.wait(timeout=60) == 1
    assert b"2322" in shown or b"number" in shown
    assert b"\x1b]" not in shown
    assert b"\x1b[2J" not in shown
    assert "\x9b".encode() not in shown
