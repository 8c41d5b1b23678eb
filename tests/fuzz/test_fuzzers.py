"""Each fuzzer for a while: a few seconds by hand, as long as ISOLATEJS_FUZZ_SECONDS says under scripts/test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECONDS = int(os.environ.get("ISOLATEJS_FUZZ_SECONDS", "5"))
SEED = os.environ.get("ISOLATEJS_FUZZ_SEED", "1")
"""The same inputs each time, so that a change is not failed by what was there before; long runs take others."""
START_S = 300
"""For starting and for the last input, on a machine that has other work."""


@pytest.mark.timeout(SECONDS + START_S + 30)
@pytest.mark.parametrize("name", [path.stem.removeprefix("fuzz_") for path in TESTS.glob("fuzz/fuzz_*.py")])
def test_no_input_breaks_an_invariant(name: str, tmp_path: Path) -> None:
    """An input that fails is printed in base64; `scripts/fuzz NAME --input FILE` runs it again."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fuzz.run",
            name,
            "--seconds",
            str(SECONDS),
            "--seed",
            SEED,
            "--artifacts",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=SECONDS + START_S,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
