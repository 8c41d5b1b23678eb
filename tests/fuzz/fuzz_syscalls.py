"""Fuzzes the argument space of the calls that a sandbox may make, behind the real confinement.

`calls.c` runs in the engine's place and calls the kernel with generated arguments. It knows the rules and says
when a call that they forbid was not refused (seccomp), or when a file was opened in a way that Landlock forbids.
From here, after every sandbox, these must hold:

- the launcher lives, is the same process, and holds no descriptor more;
- no file was created where the launcher can see one, and no process is left;
- a neighbour sandbox goes on: it answers, keeps its state, and was not ended;
- memory, threads and queued signals stayed within their limits.

`scripts/fuzz syscalls --seconds N` runs it alone.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.native_guest import compile_program
from fakes.raw_guest import IMAGE, evaluate, raw_pool
from isolatejs.errors import IsolateError
from isolatejs.sandbox.launcher.linux import IS_ARM64
from isolatejs.sandbox.launcher.seccomp_rules import ALLOWED, NULL, OWN_PID, Argument
from isolatejs.sandbox.launcher.settings import THREADS_LIMIT
from isolatejs.sandbox.launcher_client import LauncherClient
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from isolatejs.sandbox.sandbox import Sandbox

HERE = Path(__file__).parent
MEMORY_LIMIT_BYTES = 64 << 20
OVERSHOOT_BYTES = 64 << 20
CASES_OF_ONE_SANDBOX = 20_000
LONGEST_S = 20.0
"""A sandbox that says nothing for so long is left to the kill."""
ACROSS = 2
"""Sandboxes at once."""


def run(seconds: float, seed: int) -> dict[str, Any]:
    """Fuzz for some seconds; seed 0 is another one each time. `found` lists what must not be."""
    return asyncio.run(_run(seconds, seed or secrets.randbits(32)))


class _State:
    """What has been seen so far."""

    def __init__(self) -> None:
        self.cases = 0
        self.sandboxes = 0
        self.ends: Counter[str] = Counter()
        self.found: list[str] = []
        self.peak = 0
        self.threads = 0


async def _run(seconds: float, seed: int) -> dict[str, Any]:
    random_numbers = random.Random(seed)
    state = _State()
    engine = compile_program(HERE / "calls.c", header=rules_header())
    began = time.monotonic()
    async with (
        EmbeddedPool(engine=engine, image_directory=IMAGE, pool_size=0) as pool,
        raw_pool() as neighbours,
    ):
        neighbour = await neighbours.lease(memory_limit_bytes=MEMORY_LIMIT_BYTES)
        assert await evaluate(neighbour, "globalThis.secret = 'kept'") == "kept"
        same_launcher = await pool.lease(memory_limit_bytes=MEMORY_LIMIT_BYTES)
        client = pool._client
        assert isinstance(client, LauncherClient)
        launcher = client._process.pid
        before = await _at_rest(launcher)
        while (left := seconds - (time.monotonic() - began)) > 0:
            seeds = [random_numbers.getrandbits(63) | 1 for _ in range(ACROSS)]
            runs = (_one(pool, one, min(left, LONGEST_S), state) for one in seeds)
            for error in await asyncio.gather(*runs, return_exceptions=True):
                if isinstance(error, IsolateError):
                    state.found.append(f"a sandbox could not be started, seeds {seeds}: {error}")
                elif error is not None:
                    raise error
            if pool._client is not client or client.ended.done():
                state.found.append(f"the launcher ended with one of the seeds {seeds}")
                break
            if neighbour.exited.done() or await evaluate(neighbour, "secret") != "kept":
                state.found.append(f"a neighbour of another launcher was disturbed, seeds {seeds}")
                break
            if same_launcher.exited.done():
                state.found.append(f"a neighbour of the same launcher ended, seeds {seeds}")
                break
            for name, now in (await _settled(launcher, before)).items():
                if now != before[name]:
                    state.found.append(f"{name}: {before[name]} became {now}, seeds {seeds}")
                    before[name] = now
        await same_launcher.aclose()
        await neighbour.aclose()
    took = time.monotonic() - began
    return {
        "target": "system calls of a sandbox (seccomp, Landlock)",
        "seed": seed,
        "seconds": round(took, 1),
        "cases": state.cases,
        "cases_per_second": round(state.cases / took),
        "sandboxes": state.sandboxes,
        "ends": dict(state.ends),
        "peak_memory_mb": state.peak >> 20,
        "most_threads": state.threads,
        "rules": len(ALLOWED),
        "found": state.found,
    }


async def _one(pool: EmbeddedPool, seed: int, seconds: float, state: _State) -> None:
    """One sandbox from its start to its end."""
    sandbox = await pool.lease(memory_limit_bytes=MEMORY_LIMIT_BYTES)
    loop = asyncio.get_running_loop()
    said = bytearray()
    token = secrets.token_hex(8)
    watching = loop.create_task(_watch(sandbox, seed, state))
    try:
        async with asyncio.timeout(seconds):
            request = f"fuzz {seed} {CASES_OF_ONE_SANDBOX} {token}\n"
            await loop.sock_sendall(sandbox.channel_socket, request.encode())
            while data := await loop.sock_recv(sandbox.channel_socket, 65536):
                said += data
            await asyncio.shield(sandbox.exited)
    except (TimeoutError, ConnectionError):
        pass  # it waits for ever, or closed its channel: the kill is next
    finally:
        watching.cancel()
        sandbox.kill()
        await sandbox.aclose()
    if not sandbox.exited.done():
        state.found.append(f"a sandbox did not end when it was killed, seed {seed}")
        return
    report = sandbox.exited.result()
    state.sandboxes += 1
    state.ends[report.reason] += 1
    state.peak = max(state.peak, report.peak_memory_bytes or 0)
    counts = [int(number) for number in re.findall(rb"%s CASES (\d{1,9})\n" % token.encode(), said)]
    state.cases += min(max(counts, default=0), CASES_OF_ONE_SANDBOX + 1000)
    for line in re.findall(rb"%s FOUND ([^\n]*)\n" % token.encode(), said)[:20]:
        state.found.append(f"{line.decode('utf-8', 'replace')}, seed {seed}")
    if b"FUZZ-EXEC" in said:
        state.found.append(f"the engine was executed a second time, seed {seed}")
    if (report.peak_memory_bytes or 0) > MEMORY_LIMIT_BYTES + OVERSHOOT_BYTES:
        state.found.append(f"memory: {(report.peak_memory_bytes or 0) >> 20} MB, seed {seed}")


async def _watch(sandbox: Sandbox, seed: int, state: _State) -> None:
    """Look at the process from outside while it runs."""
    while not sandbox.exited.done():
        await asyncio.sleep(0.02)  # poll
        try:
            status = (Path("/proc") / str(sandbox.pid) / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        threads = int(fields["Threads"])
        state.threads = max(state.threads, threads)
        if threads > THREADS_LIMIT:
            state.found.append(f"{threads} threads, seed {seed}")
        if fields["CapEff"].strip("\t0") or fields["Seccomp"].strip() != "2":
            state.found.append(f"capabilities or seccomp changed, seed {seed}")


def _surroundings(launcher: int) -> dict[str, Any]:
    """What no sandbox may change: counted from outside."""
    kinds = Counter(
        re.sub(r"\d+", "N", os.readlink(f"/proc/{launcher}/fd/{descriptor}"))
        for descriptor in os.listdir(f"/proc/{launcher}/fd")
    )
    root = f"/proc/{launcher}/root"
    files = sorted(
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(root, followlinks=False)
        for name in names
    )
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return {
        "descriptors of the launcher": dict(kinds),
        "files in the root": [name for name in files if not name.startswith("proc/self")],
        "processes of the launcher": len(children),
        "locks on the engine": _locks(),
    }


def _locks() -> int:
    """Record locks of processes that are in nobody's eyes here: sandboxes."""
    return sum(1 for line in Path("/proc/locks").read_text().splitlines() if "POSIX" in line and "-1" in line)


async def _at_rest(launcher: int) -> dict[str, Any]:
    """The surroundings once starting sandboxes have started."""
    before: dict[str, Any] = {}
    while before != (before := _surroundings(launcher)):
        await asyncio.sleep(0.2)  # poll
    return before


async def _settled(launcher: int, before: dict[str, Any]) -> dict[str, Any]:
    """The surroundings as soon as they are as before, at the latest after a second."""
    for _ in range(20):
        now = _surroundings(launcher)
        if now == before:
            break
        await asyncio.sleep(0.05)  # poll
    return now


def rules_header() -> str:
    """The rules as a C table."""
    lines = ["static const struct rule rules[] = {"]
    for rule in ALLOWED:
        number = rule.numbers[1 if IS_ARM64 else 0]
        if number is not None:
            conditions = ", ".join(_condition(argument) for argument in rule.arguments)
            lines.append(
                f'  {{{number}, "{rule.name}", {int(rule.pretended)}, {len(rule.arguments)}, {{{conditions}}}}},'
            )
    return "\n".join([*lines, "};", ""])


def _condition(argument: Argument) -> str:
    if argument.without:
        return f"{{{argument.index}, NOT_ALL_BITS, 1, {{{argument.without}u}}}}"
    if argument.none_of:
        return f"{{{argument.index}, NONE_OF_BITS, 1, {{{argument.none_of}u}}}}"
    if argument.values == NULL:
        return f"{{{argument.index}, NULL_POINTER, 0, {{0}}}}"
    if argument.values == OWN_PID:
        return f"{{{argument.index}, OWN_PID, 0, {{0}}}}"
    values = ", ".join(f"{value}u" for value in argument.values)
    return f"{{{argument.index}, ANY_OF, {len(argument.values)}, {{{values}}}}}"
