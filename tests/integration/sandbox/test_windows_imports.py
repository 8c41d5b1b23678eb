"""Nothing that is imported uses, while it is imported, what only Unix has."""

from __future__ import annotations

import subprocess
import sys

from fakes import windows_imports


def test_everything_can_be_imported_without_the_names_that_only_unix_has() -> None:
    command = [sys.executable, windows_imports.__file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
