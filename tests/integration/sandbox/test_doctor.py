"""`isolatejs doctor` here and in a plain container."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from isolatejs.sandbox.launcher.wall import NAMESPACES, REQUIRED

PLAIN_CONTAINER = Path(__file__).resolve().parents[2] / "fakes" / "plain_container.py"
DOCTOR = ["-m", "isolatejs.cli.main", "doctor"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_every_layer_holds_here() -> None:
    done = run(*DOCTOR, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["complete"]
    names = [check["name"] for check in report["checks"]]
    assert names[: len(NAMESPACES + REQUIRED)] == list(NAMESPACES + REQUIRED)
    assert names[-3:] == ["engine", "memory limit", "kill"]


def test_in_a_plain_container_it_names_what_is_missing_and_what_to_change() -> None:
    done = run(str(PLAIN_CONTAINER), *DOCTOR, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads(done.stdout)
    missing = [check for check in report["checks"] if check["standing"] != "holds"]
    assert [check["name"] for check in missing] == list(NAMESPACES)
    assert all("unprivileged_userns_clone" in check["advice"] for check in missing)


def test_the_table_is_for_people() -> None:
    done = run(*DOCTOR)
    assert done.returncode == 0
    assert "Every layer holds." in done.stdout


def test_a_wrong_engine_is_told_in_one_line() -> None:
    done = run(*DOCTOR, "--engine", "/no/engine")
    assert done.returncode == 2
    assert done.stderr.startswith("isolatejs doctor: ")
    assert "Traceback" not in done.stderr
