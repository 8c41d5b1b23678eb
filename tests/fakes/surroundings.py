"""Runs Python as other users and in poorer surroundings: an ordinary user, a container without namespaces."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import isolatejs

TESTS = Path(__file__).resolve().parents[1]
SOURCE = Path(isolatejs.__file__).resolve().parents[1]
PLAIN_CONTAINER = str(TESTS / "fakes" / "plain_container.py")
ORDINARY_USER = 4242


async def run_python(script: str, *arguments: str, user: int | None = None, container: bool = False) -> Any:
    """Run a script in a process of its own; what it prints, as JSON."""
    command = [
        interpreter_for(user),
        *([PLAIN_CONTAINER] if container else []),
        "-c",
        textwrap.dedent(script),
    ]
    if user is not None:
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    site_packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(SOURCE), *site_packages]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def interpreter_for(user: int | None) -> str:
    """This interpreter, or one of the same version that the other user can reach."""
    candidates = [sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin") or ""]
    for candidate in candidates:
        if user is None or all(parent.stat().st_mode & 1 for parent in Path(candidate).resolve().parents):
            return candidate
    raise AssertionError("no interpreter that an ordinary user can start")


def other_user() -> int | None:
    """An ordinary user: ourselves, or another one when we are root."""
    return ORDINARY_USER if os.geteuid() == 0 else None
