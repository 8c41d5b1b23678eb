"""The weakest configuration that is documented: a container without namespaces. Its own list of attacks.

What stands there is in SECURITY.md, boundary by boundary. Each attack is machine code in the engine's place.
"""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from fakes.native_guest import SOURCES, compile_program
from fakes.surroundings import other_user, run_python
from isolatejs.sandbox.launcher.settings import THREADS_LIMIT

REQUESTS = (
    "hello",
    "open /etc/passwd",
    "open /proc/self/environ",
    "open /proc/1/environ",
    "open /tmp/x 577",
    "exec 1000 /bin/true 4096",
    "exec 1000 EMPTY 4096",
    "callb 59 @/bin/true 0 0",
    "call 41 2 1 0",
    "call 57",
    "call 62 -1 0",
    "call 62 1 0",
    "call 145 1",
    "call 145 999999",
    "callb 204 1 128 @",
    "callb 302 1 7 0 @",
    "flood-signals 1000",
    "callb 72 0 7 @",
    "hostname",
    "bomb-threads",
    "bomb-protected 1",
    "bomb-page-tables 16",
    "bomb-without-leader",
    "leader-exits-and-spins",
)

SCRIPT = """
    import asyncio, json, os, stat, sys
    from pathlib import Path
    from fakes.native_guest import ask, native
    from fakes.raw_guest import IMAGE, end_of
    from isolatejs.sandbox.pool import EmbeddedPool
    async def one(pool, request):
        async with native(pool) as sandbox:
            attack = asyncio.create_task(ask(sandbox, request))
            answer, threads, memory = None, 0, 0
            while not attack.done():
                await asyncio.sleep(0.002)
                try:
                    status = Path(f"/proc/{sandbox.pid}/status").read_text()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
                threads = max(threads, int(fields["Threads"]))
                memory = max(memory, int(fields.get("RssAnon", "0").split()[0]) >> 10)
            answer = await attack
            end = (await end_of(sandbox)).reason if answer == "" else "alive"
            return {"answer": answer, "end": end, "threads": threads, "memory": memory}
    def modes(pool):
        launcher = pool._client._process.pid
        roots = [Path("/tmp") / name for name in os.listdir("/tmp") if name.startswith("isolatejs-")]
        found = {}
        for root in roots:
            try:
                if pool._client.place["image"].startswith(str(root) + "/"):
                    for path in (root, *root.glob("*"), *root.glob("*/sync-replies")):
                        status = path.lstat()
                        found[str(path.relative_to(root))] = [oct(stat.S_IMODE(status.st_mode)), status.st_uid]
            except PermissionError:
                continue
        return found
    async def main():
        async with EmbeddedPool(engine=sys.argv[1], image_directory=IMAGE, pool_size=0) as pool:
            async with native(pool) as neighbour:
                found = {request: await one(pool, request) for request in json.loads(sys.argv[2])}
                found["neighbour"] = await ask(neighbour, "hello")
                found["uid"] = os.stat(f"/proc/{neighbour.pid}").st_uid
                found["modes"] = modes(pool)
                found["own uid"] = found["uid"] > 1 << 30
            found["missing"] = [layer.name for layer in pool.confinement.missing]
            print(json.dumps(found))
    asyncio.run(main())
"""


@pytest.fixture(scope="module", params=["this user", "an ordinary user"])
async def found(request: pytest.FixtureRequest) -> Any:
    """What each attack got, as this user and as an ordinary one."""

    user = other_user() if request.param == "an ordinary user" else None
    engine = compile_program(SOURCES / "guest.c")
    return await run_python(SCRIPT, engine, json.dumps(REQUESTS), user=user, container=True)


REFUSED = {
    "open /etc/passwd": {"EACCES"},
    "open /proc/self/environ": {"EACCES"},
    "open /proc/1/environ": {"EACCES"},
    "open /tmp/x 577": {"EACCES"},
    "exec 1000 /bin/true 4096": {"ENOSYS"},
    "exec 1000 EMPTY 4096": {"ENOSYS"},
    "callb 59 @/bin/true 0 0": {"EPERM"},
    "call 41 2 1 0": {"EPERM"},
    "call 57": {"EPERM"},
    "call 62 -1 0": {"EPERM"},
    "call 62 1 0": {"EPERM"},
    "callb 302 1 7 0 @": {"EPERM"},
    "flood-signals 1000": {"0 queued, then EAGAIN"},
    "callb 72 0 7 @": {"EPERM"},
}


@pytest.mark.parametrize("request_", REFUSED)
def test_refused(found: Any, request_: str) -> None:
    assert found[request_]["answer"] in REFUSED[request_]


def test_nobody_can_ask_which_processes_there_are(found: Any) -> None:
    assert found["call 145 1"]["answer"] == found["call 145 999999"]["answer"] == "0"
    assert found["callb 204 1 128 @"]["answer"] == "0"


def test_the_host_s_name_is_not_told(found: Any) -> None:
    assert socket.gethostname() not in found["hostname"]["answer"]


def test_a_bomb_of_threads_is_stopped(found: Any) -> None:
    """By the kernel where the sandbox has a user id of its own, else by the watchdog at its next look."""
    if found["own uid"]:
        assert int(found["bomb-threads"]["answer"].split()[0]) < THREADS_LIMIT
        assert found["bomb-threads"]["threads"] <= THREADS_LIMIT
    else:
        assert found["bomb-threads"]["end"] == "killed"
        assert found["bomb-threads"]["threads"] < 50 * THREADS_LIMIT  # created between two looks


@pytest.mark.parametrize("request_", ["bomb-protected 1", "bomb-page-tables 16"])
def test_memory_is_limited(found: Any, request_: str) -> None:
    assert found[request_]["end"] == "memory"
    assert found[request_]["memory"] < 256


@pytest.mark.parametrize("request_", ["bomb-without-leader", "leader-exits-and-spins"])
def test_a_main_thread_that_ends_hides_nothing(found: Any, request_: str) -> None:
    assert found[request_]["end"] == "killed"


def test_directories_and_fifos_are_their_sandbox_s_alone(found: Any) -> None:
    modes = found["modes"]
    assert modes.pop(".") == (["0o710", 0] if found["own uid"] else ["0o700", found["uid"]])
    private = {name: mode for name, mode in modes.items() if name.split("/")[0].isdigit()}
    assert {mode for name, (mode, _) in private.items() if name.endswith("sync-replies")} == {"0o600"}
    assert {mode for name, (mode, _) in private.items() if not name.endswith("sync-replies")} == {"0o700"}
    owners = {name.split("/")[0]: owner for name, (_, owner) in private.items()}
    assert {owner for _, owner in private.values()} == set(owners.values())
    assert found["uid"] in owners.values()
    assert 0 not in owners.values()


def test_a_neighbour_goes_on(found: Any) -> None:
    assert found["neighbour"] == "hello"
    assert found["uid"] != 0


def test_what_is_missing_is_named(found: Any) -> None:
    assert {"user namespace", "mount namespace", "pid namespace", "empty root"} <= set(found["missing"])
    assert "single exec" not in found["missing"]
