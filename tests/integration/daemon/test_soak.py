"""A short soak in every run; the long one is `python benchmarks/soak_daemon.py`."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from fakes.daemon_process import open_descriptors, running_daemon, wait_until


def load_soak() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "soak_daemon.py"
    spec = importlib.util.spec_from_file_location("soak_daemon", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look there
    spec.loader.exec_module(module)
    return module


async def test_nothing_is_lost_mixed_up_or_left() -> None:
    soak = load_soak().soak
    with running_daemon() as daemon:
        await soak(daemon.socket_path, steps=40, clients=10, seed=0)  # warms the pool
        ours, theirs = open_descriptors(), open_descriptors(daemon.process.pid)
        happened = await soak(daemon.socket_path, steps=300, clients=20, seed=7)
        assert sum(count for what, count in happened.items() if what != "busy") == 300
        assert open_descriptors() <= ours
        pid = daemon.process.pid
        await asyncio.to_thread(
            wait_until, lambda: open_descriptors(pid) <= theirs + 3, "no more descriptors"
        )  # one sandbox more may wait warm
