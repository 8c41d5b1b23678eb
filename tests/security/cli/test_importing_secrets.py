"""A program that is run from a home directory reads the keys that lie beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from isolatejs import IsolateHost, SourceRule, create_isolate_host
from isolatejs.capabilities.modules.source_rule import is_project
from isolatejs.host.test_project import TestOptions, TestProject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "isolatejs.cli.main"]
SECRET = "s3cret-material"
PLACES = [
    ".env", ".npmrc", ".env.js", ".ssh/id_rsa", ".ssh/key.js", ".git/config", ".config/gcloud/key.json", "id_rsa",
    "server.pem", "notes.txt", "passwords.csv", "keys.yaml", "key.bin", "credentials.json", "deep/.hidden/a.js",
    "wallet.dat", "backup.sql", "readme.md", "page.html", "link.js", "link.css", "link.json", "folder/key.js",
]  # fmt: skip
WAYS = ["", "text", "json", "bytes"]


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory as people have them, with a program in it."""
    home = tmp_path / "home"
    for place in PLACES:
        path = home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if place.startswith("link"):
            path.symlink_to(".env")
        elif place == "folder/key.js":
            path.parent.rmdir()
            path.parent.symlink_to(".ssh")
        else:
            path.write_text(json.dumps(SECRET))
    (home / "own.js").write_text(f"export const own = 'public'; const hidden = '{SECRET}';")
    (home / "data.json").write_text('{"public": 1}')
    return home


PROGRAM = f"""
const read = [];
const {{ createRequire }} = await import("node:module");
const require = createRequire("/x.js");
for (const place of {json.dumps([*PLACES, "own.js"])}) {{
  for (const type of {json.dumps(WAYS)}) {{
    for (const way of ["./" + place, "/" + place, "./" + place + "?x", "file:///" + place, "./x/../" + place]) {{
      for (const load of [() => import(way, type ? {{ with: {{ type }} }} : {{}}), () => require(way)]) {{
        try {{
          const namespace = await load();
          const value = namespace?.default ?? namespace;
          const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value) ?? "";
          if (text.includes("{SECRET}")) read.push(`${{way}} as ${{type}}`);
        }} catch (error) {{
          if (String(error).includes("{SECRET}")) read.push(`${{way}} in an error`);
        }}
      }}
    }}
  }}
}}
console.log(JSON.stringify(read), (await import("./own.js")).own);
"""


def isolatejs(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(home)},
    )


def test_secrets_beside_a_program(home: Path) -> None:
    (home / "x.js").write_text(PROGRAM)
    done = isolatejs(home, "run", str(home / "x.js"))
    assert done.stdout == "[] public\n", done.stderr


def test_secrets_beside_a_test(home: Path) -> None:
    (home / "x.test.js").write_text(f"test('reads', async () => {{ {PROGRAM} }});")
    done = isolatejs(home, "test", "--ci", "--timeout", "60", "--reporter", "json")
    assert json.loads(done.stdout)["success"], done.stdout
    assert SECRET not in done.stdout
    assert done.stderr == "[] public\n"


async def test_secrets_of_a_project_under_pytest(home: Path, host: IsolateHost) -> None:
    (home / "package.json").write_text("{}")
    (home / "x.test.js").write_text(f"test('reads', async () => {{ {PROGRAM} }});")
    project = TestProject(home, TestOptions(timeout_ms=60_000))
    lines: list[str] = []
    result = await project.run(
        host, project.file(home / "x.test.js"), on_console=lambda entry: lines.append(entry.text)
    )
    assert result.success, result
    read = json.loads(lines[0].removesuffix(" public"))
    assert read, "JSON of a project is part of its sources"
    assert {way.split("/")[-1].split("?")[0].split(" ")[0] for way in read} == {"credentials.json"}


def test_what_a_flag_names(home: Path) -> None:
    (home / "x.js").write_text(
        "const read = async (name, type) => (await import(name, { with: { type } })).default;"
        "console.log(await read('./notes.txt', 'text'), await read('./data.json', 'json'),"
        "  await read('./.env', 'text').catch((error) => error.message))"
    )
    refused = isolatejs(home, "run", "x.js")
    assert refused.returncode == 1
    assert "only source files are imported, not .txt" in refused.stderr
    allowed = isolatejs(home, "run", "x.js", "--allow-import", "*.txt", "--allow-import", "data.json")
    assert allowed.returncode == 0, allowed.stderr
    assert SECRET in allowed.stdout
    assert "hidden files and directories are not imported" in allowed.stdout
    assert isolatejs(home, "run", "x.js", "--allow-import", "*").stdout.count(SECRET) == 1
    named = isolatejs(home, "run", "x.js", "--allow-import", "*", "--allow-import", ".env")
    assert named.stdout.count(SECRET) == 2


async def test_a_project_may_name_more_for_its_tests(home: Path, host: IsolateHost) -> None:
    (home / "x.test.js").write_text(
        "import text from './notes.txt' with { type: 'text' };"
        f"test('a', () => {{ expect(text).toContain('{SECRET}') }});"
    )
    for patterns, success in (((), False), (("*.txt",), True)):
        project = TestProject(home, TestOptions(allow_import=patterns))
        assert (await project.run(host, project.file(home / "x.test.js"))).success is success


def test_projects_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = tmp_path / "home" / "project" / "src"
    project.mkdir(parents=True)
    assert not is_project(project)
    (tmp_path / "home" / "package.json").write_text("{}")
    assert not is_project(project), "a manifest in the home directory makes no project of all below"
    (project.parent / "package.json").write_text("{}")
    assert is_project(project)
    assert not is_project(tmp_path / "home")


def test_patterns() -> None:
    rule = SourceRule(also=("*.txt", "data/*.csv", ".env", "x/.git/*"))
    for path in ("a.txt", "deep/b.txt", "data/a.csv", ".env", "x/.git/config", "lib/a.ts", "a.json"):
        assert rule.refusal(path, "") is None, path
    for path in (
        ".a.txt",
        ".git/a.txt",
        "data/x/a.csv",
        "a.csv",
        ".env.local",
        "x/.git/hooks/a",
        ".ssh/.env",
        "A.PEM",
    ):
        assert rule.refusal(path, "") is not None, path
