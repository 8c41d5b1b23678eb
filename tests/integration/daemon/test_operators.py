"""What operators see and do: the commands, and the metrics."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

import isolatejs
from fakes.daemon_process import DaemonProcess, is_alive, running_daemon, wait_until


async def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `isolatejs ...`."""
    full = [sys.executable, "-m", "isolatejs.cli.main", *arguments]
    return await asyncio.to_thread(subprocess.run, full, capture_output=True, text=True, timeout=60)


async def test_ps_and_kill(daemon: DaemonProcess, first: isolatejs.IsolateHost) -> None:
    at = ("--socket", daemon.socket_path)
    runtime = await first.create_runtime()
    await runtime.eval("1")
    async with first.get_namespaced_runtime("[bold]kept") as session:
        await session.eval("1")
    listing = json.loads((await command("ps", "--json", *at)).stdout)
    by_state = {row["state"]: row for row in listing["sandboxes"]}
    assert by_state["leased"]["client"] == os.getpid()
    assert by_state["leased"]["memory_bytes"] > 1_000_000
    assert by_state["parked"]["namespace"] == "[bold]kept"
    assert listing["statistics"]["leases"] == 2
    text = (await command("ps", *at)).stdout
    assert "1 leased, 1 parked" in text
    assert "[bold]kept" in text
    killed = await command("kill", by_state["leased"]["sandbox"], "--namespace", "[bold]kept", *at)
    assert (killed.returncode, killed.stderr) == (0, "")
    with pytest.raises(isolatejs.RuntimeDisposedError, match="ended by an operator"):
        await runtime.eval("1")
    again = await command("kill", by_state["leased"]["sandbox"], "--namespace", "nobody", *at)
    assert again.returncode == 1
    assert "there is no namespace 'nobody'" in again.stderr
    assert (await command("kill", *at)).returncode == 2


async def test_commands_without_a_daemon(socket_path: str) -> None:
    for arguments in (("ps",), ("kill", "1"), ("drain",)):
        done = await command(*arguments, "--socket", socket_path)
        assert done.returncode == 1
        assert "no daemon listens at" in done.stderr


async def test_metrics_and_drain() -> None:
    with running_daemon("--pool-size", "1", "--metrics", "0") as daemon:
        assert daemon.process.stdout is not None
        said = await asyncio.to_thread(daemon.process.stdout.readline)
        url = re.search(rb"http://127\.0\.0\.1:\d+/metrics", said)
        assert url is not None
        async with (
            isolatejs.create_isolate_host(daemon=daemon.options) as host,
            host.create_runtime() as runtime,
        ):
            assert await runtime.eval("1") == 1
            text = await asyncio.to_thread(fetch, url.group().decode())
        samples = dict(line.split(" ") for line in text.splitlines() if not line.startswith("#"))
        assert samples["isolatejs_daemon_leases"] == "1"
        assert float(samples["isolatejs_daemon_sandbox_memory_bytes"]) > 1_000_000
        printed = (await command("ps", "--prometheus", "--socket", daemon.socket_path)).stdout
        assert {line for line in printed.splitlines() if line.startswith("#")} == {
            line for line in text.splitlines() if line.startswith("#")
        }
        drained = await command("drain", "--socket", daemon.socket_path)
        assert (drained.returncode, drained.stderr) == (0, "")
        assert await asyncio.to_thread(daemon.wait) == 0


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return str(response.read().decode())


async def test_detach(socket_path: str) -> None:
    done = await command("daemon", "--socket", socket_path, "--pool-size", "0", "--detach")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    refused = await command("daemon", "--socket", socket_path, "--detach")
    assert refused.returncode == 1
    assert "another daemon serves at" in refused.stderr
    pid = json.loads((await command("ps", "--json", "--socket", socket_path)).stdout)["statistics"]["pid"]
    os.kill(pid, signal.SIGTERM)
    await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the daemon has ended")
