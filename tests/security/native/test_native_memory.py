"""Machine code takes memory in every way that a limit of the kernel's does not count, and ends as `memory`."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.native_guest import MEMORY_LIMIT_BYTES, ask, native
from fakes.raw_guest import end_of, process_file

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import Sandbox

MIB = 1 << 20
OVERSHOOT_BYTES = 64 * MIB
LOADED_MACHINE_BYTES = 192 * MIB
"""More than the promise: here other tests use the processors that the launcher would look with. Without looks, each
of these attacks takes gigabytes."""

PROT_NONE, PROT_READ, READ_AND_EXECUTE = 0, 1, 5


async def largest(sandbox: Sandbox, request: str) -> int:
    """The most memory of any kind that was seen from outside while an attack ran to its end."""
    attack = asyncio.create_task(ask(sandbox, request))
    most = 0
    while not sandbox.exited.done() and not attack.done():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            most = max(most, memory_of(sandbox))
        await asyncio.sleep(0.002)  # poll
    assert await attack == ""
    return most


def memory_of(sandbox: Sandbox) -> int:
    """Anonymous memory and page tables of all threads, also when the first one has ended."""
    most = 0
    for task in (Path("/proc") / str(sandbox.pid) / "task").iterdir():
        status = (task / "status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        kinds = ("RssAnon", "VmPTE", "VmSwap")
        most = max(most, sum(int(fields[kind].split()[0]) << 10 for kind in kinds if kind in fields))
    return most


BOMBS = {
    "pages made read-only leave the data limit": f"bomb-protected {PROT_READ}",
    "pages made unreadable": f"bomb-protected {PROT_NONE}",
    "pages made executable": f"bomb-protected {READ_AND_EXECUTE}",
    "after a rest": f"bomb-protected {PROT_READ} 2500",
    "two threads": f"bomb-protected {PROT_READ} 500 2",
    "page tables of a read-only mapping": "bomb-page-tables 16",
    "page tables after a rest": "bomb-page-tables 16 2500",
    "scattered pages": "bomb-scattered",
    "private pages of a file": "bomb-private-file",
}


@pytest.mark.parametrize("request_", BOMBS.values(), ids=BOMBS.keys())
async def test_a_bomb_of_machine_code_ends_as_memory(pool: EmbeddedPool, request_: str) -> None:
    async with native(pool, MEMORY_LIMIT_BYTES) as sandbox:
        most = await largest(sandbox, request_)
        report = await end_of(sandbox)
        assert report.reason == "memory", report
        assert most < MEMORY_LIMIT_BYTES + LOADED_MACHINE_BYTES
        assert report.peak_memory_bytes is not None
        assert report.peak_memory_bytes > MEMORY_LIMIT_BYTES / 2


async def test_a_main_thread_that_ends_does_not_hide_the_memory_of_the_others(pool: EmbeddedPool) -> None:
    async with native(pool, MEMORY_LIMIT_BYTES) as sandbox:
        most = await largest(sandbox, "bomb-without-leader")
        assert (await end_of(sandbox)).signal == 9
        assert most < MEMORY_LIMIT_BYTES + LOADED_MACHINE_BYTES


@pytest.mark.parametrize("limit", [MEMORY_LIMIT_BYTES, None], ids=["with a limit", "without"])
async def test_a_main_thread_that_ends_ends_the_sandbox_once_the_others_run(
    pool: EmbeddedPool, limit: int | None
) -> None:
    async with native(pool, limit) as sandbox:
        await ask(sandbox, "leader-exits-and-spins")
        assert (await end_of(sandbox)).signal == 9


async def test_a_stack_that_grows_is_bounded(sandbox: Sandbox) -> None:
    assert await ask(sandbox, "bomb-stack") == ""
    assert (await end_of(sandbox)).signal == 11


REFUSED = {
    "mappings that grow downwards": "bomb-growing-down",
    "huge pages of the machine's": "mmap 3 0x40022",
    "shared anonymous memory": "mmap 3 0x21",
    "huge pages at will": "madvise 14",
    "pages merged with those of others": "madvise 12",
    "pages collapsed into huge ones": "madvise 25",
    "guards that only fill page tables": "madvise 102",
    "memory made ready at once": "madvise 23",
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED.keys())
async def test_memory_that_no_limit_counts_is_refused(sandbox: Sandbox, request_: str) -> None:
    assert (await ask(sandbox, request_)).removeprefix("refused ") == "EPERM"


async def test_what_waits_in_socket_buffers_is_bounded(pool: EmbeddedPool) -> None:
    async with native(pool) as sandbox:
        answer = await ask(sandbox, "fill-sockets")
        assert 0 < int(answer.split()[2]) <= 16 * MIB, answer


async def test_entries_of_epolls_are_few_although_numbers_of_descriptors_are_used_again(
    sandbox: Sandbox,
) -> None:
    answer = await ask(sandbox, "fill-epolls")
    entries = int(answer.split()[0])
    assert 0 < entries < 100_000, answer


async def test_pipes_cannot_be_made_or_enlarged(sandbox: Sandbox) -> None:
    pipe2, splice, tee, vmsplice = 293, 275, 276, 278
    for number in (22, pipe2, splice, tee, vmsplice):
        assert await ask(sandbox, f"callb {number} @ 0 0 0 0 0") == "EPERM"
    for descriptor in (0, 1, 2):
        assert await ask(sandbox, f"call 72 {descriptor} 1031 1048576") == "EPERM"
    opened = await ask(sandbox, "open-fifo")
    assert opened.endswith(("writing EACCES", "writing EMFILE")), opened


async def test_the_limits_cannot_be_raised(sandbox: Sandbox) -> None:
    prlimit64, setrlimit = 302, 160
    for limit in range(16):
        assert await ask(sandbox, f"callb {prlimit64} 0 {limit} @") == "EPERM"
        assert await ask(sandbox, f"callb {setrlimit} {limit} @") == "EPERM"
    held = process_file(sandbox, "limits")
    for line in (
        "Max core file size        0 ",
        "Max pending signals       0 ",
        "Max stack size            8388608 ",
    ):
        assert line in held
