"""`isolatejs doctor` here and in a plain container."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from isolatejs.sandbox.launcher.wall import NAMESPACES, REQUIRED

PLAIN_CONTAINER = Path(__file__).resolve().parents[2] / "fakes" / "plain_container.py"
DOCTOR = ["-m", "isolatejs.cli.main", "doctor"]


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd)


def test_every_layer_holds_here() -> None:
    done = run(*DOCTOR, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["complete"]
    names = [check["name"] for check in report["checks"]]
    assert names[: len(NAMESPACES + REQUIRED)] == list(NAMESPACES + REQUIRED)
    assert names[-4:] == ["engine", "memory limit", "kill", "type checker"]


def test_in_a_plain_container_it_names_what_is_missing_and_what_to_change() -> None:
    done = run(str(PLAIN_CONTAINER), *DOCTOR, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads(done.stdout)
    missing = [check for check in report["checks"] if check["standing"] != "holds"]
    assert [check["name"] for check in missing] == list(NAMESPACES)
    assert all("unprivileged_userns_clone" in check["advice"] for check in missing)
    assert all(check["cost"] for check in missing)
    shown = run(str(PLAIN_CONTAINER), *DOCTOR).stdout
    assert "without mount namespace: a program may ask whether a path exists" in " ".join(shown.split())


def test_attacks_on_the_sandbox_and_on_own_bindings_are_contained(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import pathlib, isolatejs\n"
        "def price(name: str) -> int: return len(name)\n"
        "def bindings():\n"
        "    root = pathlib.Path(__file__).parent\n"
        "    files = isolatejs.create_file_bindings(root=str(root))\n"
        "    return {'tools': {'shop': {'price': price}}, 'files': files}\n"
    )
    done = run(*DOCTOR, "--json", "--attack", "shop:bindings", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    attacks = json.loads(done.stdout)["attacks"]
    assert {attack["verdict"] for attack in attacks} == {"contained"}
    assert {"type checker", "modules", "process", "time", "memory", "files", "tools"} == {
        attack["group"] for attack in attacks
    }


def test_a_tool_that_reads_any_file_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text(
        "def read(path: str) -> str: return open(path).read()\nbindings = {'tools': {'read': read}}\n"
    )
    done = run(*DOCTOR, "--json", "--attack", "careless:bindings", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    escaped = [attack for attack in json.loads(done.stdout)["attacks"] if attack["verdict"] != "contained"]
    assert {attack["group"] for attack in escaped} == {"tools"}
    assert "root:" in escaped[0]["detail"]


def test_the_table_is_for_people() -> None:
    done = run(*DOCTOR)
    assert done.returncode == 0
    assert "Every layer holds." in done.stdout


def test_a_wrong_engine_is_told_in_one_line() -> None:
    done = run(*DOCTOR, "--engine", "/no/engine")
    assert done.returncode == 2
    assert done.stderr.startswith("isolatejs doctor: ")
    assert "Traceback" not in done.stderr
