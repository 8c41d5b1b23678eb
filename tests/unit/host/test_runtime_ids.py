"""Names of runtimes are unique on a machine, and tell nothing."""

from __future__ import annotations

import re
import subprocess
import sys

from isolatejs.host.runtime_ids import new_runtime_id

FORKED = """
import os
from isolatejs.host.runtime_ids import new_runtime_id
before = new_runtime_id()
if os.fork() == 0:
    print(before, new_runtime_id(), flush=True)
    os._exit(0)
os.wait()
print(os.getpid(), new_runtime_id())
"""


def prefix(runtime_id: str) -> str:
    return runtime_id.split("_")[1]


def test_names_are_unique() -> None:
    first, second = new_runtime_id(), new_runtime_id()
    assert first != second
    assert prefix(first) == prefix(second)
    assert re.fullmatch(r"rt_[0-9a-f]{12}_\d+", first)


def test_every_process_has_its_own_prefix_which_is_not_its_pid() -> None:
    output = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True).stdout
    (before, in_child), (pid, after) = (line.split() for line in output.splitlines())
    assert prefix(before) == prefix(after) != prefix(in_child)
    assert prefix(after) != f"{int(pid):x}"
    assert len({prefix(before), prefix(in_child), prefix(new_runtime_id())}) == 3
