"""A program that has taken the kernel over attacks processes: its own, its parents', new ones."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import end_of, evaluate, leased, process_file
from isolatejs.sandbox.launcher.child import THREADS_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import Sandbox

PROCESS = "const process = globalThis.process ?? (await import('node:process')).default;"


def in_function(code: str) -> str:
    return f"(async () => {{ {PROCESS} {code} }})()"


@pytest.fixture
async def sandbox(pool: EmbeddedPool) -> AsyncIterator[Sandbox]:
    async with leased(pool) as sandbox:
        yield sandbox


@pytest.fixture
async def sibling(pool: EmbeddedPool) -> AsyncIterator[Sandbox]:
    """Another runtime, which must never notice."""
    async with leased(pool) as sandbox:
        yield sandbox
        assert await evaluate(sandbox, "'still here'") == "still here"


async def test_sigusr1_to_itself_opens_no_inspector(sandbox: Sandbox) -> None:
    await evaluate(sandbox, in_function("process.kill(process.pid, 'SIGUSR1')"))
    await evaluate(sandbox, "new Promise((resolve) => setTimeout(resolve, 800))")
    tables = [process_file(sandbox, f"net/{name}") for name in ("tcp", "tcp6")]
    listening = [line for table in tables for line in table.splitlines()[1:] if line.split()[3] == "0A"]
    assert listening == []
    assert await evaluate(sandbox, "1 + 1") == "2"


async def test_sigstop_to_itself_does_not_stop_the_kill(sandbox: Sandbox) -> None:
    await evaluate(sandbox, in_function("process.kill(process.pid, 'SIGSTOP')"))
    sandbox.kill()
    assert (await end_of(sandbox)).reason == "killed"


@pytest.mark.parametrize("target", ["process.ppid", "0", "-1", "2", "-process.pid"])
async def test_no_other_process_can_be_signalled(sandbox: Sandbox, sibling: Sandbox, target: str) -> None:
    answer = await evaluate(sandbox, in_function(f"process.kill({target}, 'SIGKILL')"))
    assert answer.startswith("threw"), answer
    assert await evaluate(sandbox, "1 + 1") == "2"


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("Deno.exit(7)", {"exited"}),
        (in_function("process.exit(7)"), {"exited"}),
        (in_function("process.reallyExit(7)"), {"exited"}),
        (in_function("process.abort()"), {"crashed", "exited", "killed"}),
        (in_function("process.kill(process.pid, 'SIGKILL')"), {"killed", "alive"}),
    ],
)
async def test_ending_itself_ends_nobody_else(
    sandbox: Sandbox, sibling: Sandbox, code: str, reasons: set[str]
) -> None:
    await evaluate(sandbox, code)
    done, _ = await asyncio.wait([sandbox.exited], timeout=1)
    assert (sandbox.exited.result().reason if done else "alive") in reasons


@pytest.mark.parametrize(
    "code",
    [
        "new Deno.Command('/engine/deno', {args: ['--version']}).outputSync()",
        in_function("(await import('node:child_process')).spawnSync('/engine/deno').error"),
        in_function("(await import('node:child_process')).execSync('true')"),
        in_function("const { default: cluster } = await import('node:cluster'); return cluster.fork().pid.x"),
    ],
)
async def test_no_process_can_be_started(sandbox: Sandbox, code: str) -> None:
    answer = await evaluate(sandbox, code)
    assert re.match("threw|Error|NotCapable|SyntaxError", answer), answer
    assert process_file(sandbox, f"task/{sandbox.pid}/children") == ""


async def test_a_worker_bomb_ends_or_stalls_only_itself(pool: EmbeddedPool, sibling: Sandbox) -> None:
    async with leased(pool, 64 << 20) as sandbox:
        bomb = """for (let i = 0; i < 2000; i++) {
            new Worker(URL.createObjectURL(new Blob(["for(;;);"])), { type: "module" });
        }"""
        await evaluate(sandbox, f"(() => {{ {bomb} }})()")
        await asyncio.wait([sandbox.exited], timeout=0.5)
        if not sandbox.exited.done():
            threads = process_file(sandbox, "status").partition("Threads:")[2].split()[0]
            assert int(threads) <= THREADS_LIMIT
        sandbox.kill()
        assert (await end_of(sandbox)).reason in {"killed", "memory", "crashed", "exited"}


async def test_it_holds_no_descriptor_but_its_own(sandbox: Sandbox) -> None:
    kinds = {}
    for descriptor in os.listdir(f"/proc/{sandbox.pid}/fd"):
        kinds[int(descriptor)] = os.readlink(f"/proc/{sandbox.pid}/fd/{descriptor}")
    foreign = [
        target
        for descriptor, target in kinds.items()
        if not re.match(r"socket:|pipe:|anon_inode:|/dev/(urandom|null)|/isolatejs/|/cache/", target)
    ]
    assert foreign == []
    launcher = process_file(sandbox, "stat").rpartition(")")[2].split()[1]
    held = {
        os.readlink(f"/proc/{launcher}/fd/{descriptor}") for descriptor in os.listdir(f"/proc/{launcher}/fd")
    }
    assert not {target for target in held if target.startswith("socket:")} & set(kinds.values())
    # The channel; the two ends of the event loop's pipe for signals.
    assert len({target for target in kinds.values() if target.startswith("socket:")}) <= 3
    assert max(kinds) < 256


async def test_flags_set_at_run_time_weaken_nothing(sandbox: Sandbox) -> None:
    code = "const v8 = await import('node:v8'); v8.setFlagsFromString('--allow-natives-syntax'); return 1"
    await evaluate(sandbox, in_function(code))
    answer = await evaluate(sandbox, "Deno.readTextFile('/etc/passwd')")
    assert answer == "" or answer.startswith("threw")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2])
async def test_handlers_cannot_be_installed_against_the_kill(
    sandbox: Sandbox, number: signal.Signals
) -> None:
    await evaluate(sandbox, f"Deno.addSignalListener('{number.name}', () => {{}})")
    await evaluate(sandbox, in_function(f"process.on('{number.name}', () => {{}})"))
    sandbox.kill()
    assert (await end_of(sandbox)).reason == "killed"


async def test_a_busy_loop_is_gone_50_ms_after_the_kill(pool: EmbeddedPool) -> None:
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(5):
        async with leased(pool) as sandbox:
            await loop.sock_sendall(sandbox.channel_socket, b"for (;;);")
            await asyncio.sleep(0.05)  # the loop has begun
            began = loop.time()
            sandbox.kill()
            await end_of(sandbox)
            took.append(loop.time() - began)
    assert min(took) < 0.05  # the best of some: other work on the machine only adds


@pytest.mark.parametrize(
    "code",
    [
        "for (;;);",
        "(function f() { Promise.resolve().then(f) })(); new Promise(() => {})",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "10n ** 100000000n",
        "[...Array(1e6).keys()].sort(() => 0.5 - Math.random() + [...Array(50)].length * 0)",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        "setInterval(() => {}, 1000); new Promise(() => {})",
        in_function("(await import('node:crypto')).pbkdf2Sync('a', 'b', 1e9, 64, 'sha512')"),
    ],
)
async def test_what_never_yields_is_killed(pool: EmbeddedPool, sibling: Sandbox, code: str) -> None:
    async with leased(pool) as sandbox:
        await asyncio.get_running_loop().sock_sendall(sandbox.channel_socket, code.encode())
        await asyncio.sleep(0.05)  # the code has begun to run
        sandbox.kill()
        assert (await end_of(sandbox)).reason == "killed"
