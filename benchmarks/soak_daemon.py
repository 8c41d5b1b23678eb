"""Clients of one daemon acquire, evaluate, abort, crash and acquire again at random, from a seed.

    python benchmarks/soak_daemon.py [--steps 10000] [--clients 20] [--seed 1]

A session counts its evaluations itself; so does the script, and the two must agree whenever the session is
taken up, whichever client it was with: else one was lost or mixed up. A session that was killed starts again
at nothing. Afterwards the daemon leases nothing and nobody has descriptors or processes left.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import isolatejs
from isolatejs.daemon.operator import operate

KEYS = 40
BUMP = "globalThis.own ??= KEY; globalThis.n = (globalThis.n ?? 0) + 1; [own, n]"


@dataclass
class Ledger:
    """What each session should say next. `handles` has who works with a key now, so that a crash is known."""

    counts: dict[str, int] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)


class SoakClient:
    """One host; `crash` closes its connection as a killed process would."""

    def __init__(self, socket_path: str, ledger: Ledger, chance: random.Random) -> None:
        self._options = {"socket_path": socket_path, "auto_start": False}
        self._ledger = ledger
        self._chance = chance
        self._host: isolatejs.IsolateHost | None = None

    async def step(self) -> None:
        """One random thing."""
        host = self._host
        if host is None:
            host = self._host = await isolatejs.create_isolate_host(daemon=self._options)
        what = self._chance.choices(
            ["session", "runtime", "abort", "kill session", "dispose", "cancel", "crash"],
            [50, 10, 8, 8, 8, 8, 3],
        )[0]
        self._ledger.happened[what] += 1
        key = f"session {self._chance.randrange(KEYS)}"
        try:
            await getattr(self, "_" + what.replace(" ", "_"))(host, key)
        except isolatejs.NamespaceBusyError:
            self._ledger.happened["busy"] += 1

    async def _session(self, host: isolatejs.IsolateHost, key: str) -> None:
        tag = self._chance.random()
        async with host.get_namespaced_runtime(key, bindings={"tools": {"tag": lambda: tag}}) as session:
            for _ in range(self._chance.randrange(1, 4)):
                expected = self._ledger.counts.get(key, 0) + 1
                own, count, told = await session.eval(BUMP.replace("KEY", repr(key)) + ".concat(await tag())")
                assert (own, count, told) == (key, expected, tag), (
                    f"{key}: {own!r} says {count}, not {expected}"
                )
                self._ledger.counts[key] = expected

    async def _runtime(self, host: isolatejs.IsolateHost, key: str) -> None:
        value = self._chance.randrange(1 << 30)
        async with host.create_runtime() as runtime:
            assert await runtime.eval(f"{value} + 1") == value + 1

    async def _abort(self, host: isolatejs.IsolateHost, key: str) -> None:
        async with host.create_runtime() as runtime:
            running = asyncio.create_task(runtime.eval("for (;;) {}"))
            await asyncio.sleep(self._chance.random() * 0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _kill_session(self, host: isolatejs.IsolateHost, key: str) -> None:
        session = await host.get_namespaced_runtime(key)
        self._ledger.counts[key] = 0
        await session.dispose(hard=True)

    async def _dispose(self, host: isolatejs.IsolateHost, key: str) -> None:
        """While it is held, so that nobody else works with it and its count is known to be over."""
        session = await host.get_namespaced_runtime(key)
        self._ledger.counts[key] = 0
        await host.dispose_namespace(key)
        await session.dispose()

    async def _cancel(self, host: isolatejs.IsolateHost, key: str) -> None:
        """Give up an acquire on its way: the session stays as it was."""

        async def acquire() -> Any:
            return await host.get_namespaced_runtime(key)

        acquiring = asyncio.create_task(acquire())
        await asyncio.sleep(self._chance.random() * 0.002)
        acquiring.cancel()
        (got,) = await asyncio.gather(acquiring, return_exceptions=True)
        if isinstance(got, isolatejs.NamespaceBusyError):
            raise got
        if not isinstance(got, BaseException):
            await got.dispose()
        async with host.get_namespaced_runtime(key):  # waits until it is back: a crash would take it along
            pass

    async def _crash(self, host: isolatejs.IsolateHost, key: str) -> None:
        """The connection goes with a session held: it is lost, and its name is free."""
        session = await host.get_namespaced_runtime(key)
        await session.eval("1")
        client: Any = host._provider
        self._ledger.counts[key] = 0
        (await client.connection()).close()
        await host.close()
        self._host = None

    async def close(self) -> None:
        if self._host is not None:
            await self._host.close()


async def soak(socket_path: str, *, steps: int, clients: int, seed: int) -> Counter[str]:
    """Run it; AssertionError when something is lost, mixed up or left over. Gives what happened how often."""
    ledger = Ledger()
    left = iter(range(steps))

    async def work(number: int) -> None:
        client = SoakClient(socket_path, ledger, random.Random(f"{seed}/{number}"))
        try:
            for _ in left:
                await client.step()
        finally:
            await client.close()

    await asyncio.gather(*(work(number) for number in range(clients)))
    async with operate(socket_path) as operator:
        for row in (await operator.list())["namespaces"]:
            assert row["state"] == "parked", f"still held: {row}"
            await operator.dispose_namespace(row["key"])
        async with asyncio.timeout(30):
            while True:
                statistics = await operator.statistics()
                if statistics["leases"] == 0 and statistics["pool_alive"] == statistics["pool_warm"]:
                    break
                await asyncio.sleep(0.02)
        assert statistics["namespaces"] == 0
        assert statistics["connections"] == 1
    return ledger.happened


def count_descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ijs-") as directory:
        path = f"{directory}/d.sock"
        daemon = subprocess.Popen([sys.executable, "-m", "isolatejs.daemon", "--socket", path])
        try:
            while not Path(path).exists():
                assert daemon.poll() is None, "the daemon ended"
                time.sleep(0.01)
            asyncio.run(
                soak(path, steps=2 * options.clients, clients=options.clients, seed=0)
            )  # warms the pool
            before = count_descriptors(daemon.pid)
            began = time.perf_counter()
            happened = asyncio.run(
                soak(path, steps=options.steps, clients=options.clients, seed=options.seed)
            )
            took = time.perf_counter() - began
            after = count_descriptors(daemon.pid)
        finally:
            daemon.terminate()
            daemon.wait()
    print(f"{options.steps} steps of {options.clients} clients in {took:.0f} s, seed {options.seed}")
    print(", ".join(f"{name} {count}" for name, count in sorted(happened.items())))
    print(f"nothing lost, mixed up or left; descriptors of the daemon {before} -> {after}")


if __name__ == "__main__":
    main()
