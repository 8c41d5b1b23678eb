"""The example of the documents runs and says what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "run_tests.py"


def test_run_tests_example() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "done cart > adds prices\n" in done.stdout
    assert "1 passed, 1 failed\n" in done.stdout
    assert "cart > has no rounding errors: /cart.test.ts:12\n" in done.stdout
    assert "Expected: 0.3\nReceived: 0.30000000000000004" in done.stdout
