"""Jest's own `expect` as the yardstick: the same cases, the same verdicts, the same messages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from isolatejs.sandbox.engine import find_engine

HERE = Path(__file__).parent


def test_expect_says_what_jest_says() -> None:
    """Over 55,000 assertions on values of every kind, recorded from Jest, differ nowhere."""
    ran = subprocess.run(
        [
            find_engine().path,
            "run",
            "--no-config",
            "--no-lock",
            "--allow-read",
            str(HERE / "compare_jest.js"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    report = json.loads(ran.stdout)
    assert report["compared"] > 55_000
    assert report["differing"] == []
