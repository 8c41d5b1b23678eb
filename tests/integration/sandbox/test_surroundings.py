"""The wall as other users and in poorer surroundings: an ordinary user, a plain container, none at all."""

from __future__ import annotations

import pytest

from fakes.raw_guest import evaluate, leased, raw_pool
from fakes.surroundings import other_user, run_python
from isolatejs.errors import ConfigurationError
from isolatejs.sandbox.engine import find_engine
from isolatejs.sandbox.launcher.wall import SINGLE_EXEC

PROBE = """
    import asyncio, json, socket, sys
    from fakes.raw_guest import evaluate, leased, raw_pool
    from isolatejs.sandbox.probe import probe
    from isolatejs.sandbox.workspace import receive_workspace
    RUN = ["run", "--no-config", "--no-lock", "--no-code-cache", "-q"]
    async def main():
        async with raw_pool(engine=sys.argv[1]) as pool:
            async with leased(pool, 64 << 20) as sandbox:
                status = open(f"/proc/{sandbox.pid}/status").read()
                uid = status.partition("Uid:")[2].split()[0]
            verdict = await probe(pool._client, sweep=True)
            files = {"a.js": b"console.log(7)"}
            run = await pool.run_engine(["run", "--no-config", "-q", "/work/a.js"], files, 20, None)
            engine = await pool.lease_engine([*RUN, "--allow-all", "-"], memory_limit_bytes=64 << 20)
            workspace = receive_workspace(engine.channel_socket)
            workspace.write({"folder/b.txt": b"written"})
            program = b"console.log(Deno.readTextFileSync('folder/b.txt'))"
            engine.channel_socket.send(program)
            engine.channel_socket.shutdown(socket.SHUT_WR)
            await engine.exited
            workspace.close()
            print(json.dumps({
                "workspace": engine.channel_socket.recv(99).decode(),
                "uid": uid,
                "missing": [layer.name for layer in verdict.layers if not layer.held],
                "allowed": [attempt.name for attempt in verdict.attempts if not attempt.refused],
                "swept": verdict.swept,
                "not_refused": verdict.not_refused,
                "one_shot": run.stdout.decode(),
            }))
    asyncio.run(main())
"""
NAMESPACES = {"user namespace", "mount namespace", "pid namespace", "network namespace", "ipc namespace"}
NAMESPACES |= {"uts namespace", "empty root"}


async def probe_in(*, user: int | None = None, container: bool = False) -> dict[str, object]:
    """Run the probe in a process of its own: as another user, in a container without namespaces."""
    return await run_python(  # type: ignore[no-any-return]
        PROBE, find_engine().path, user=user, container=container
    )


@pytest.mark.parametrize("ordinary", [False, True], ids=["this user", "an ordinary user"])
async def test_every_layer_holds_here(ordinary: bool) -> None:
    found = await probe_in(user=other_user() if ordinary else None)
    assert found["missing"] == []
    assert found["allowed"] == []
    assert found["not_refused"] == []
    assert int(str(found["swept"])) > 350
    assert found["uid"] != "0"
    assert found["one_shot"] == "7\n"
    assert found["workspace"] == "written\n"


@pytest.mark.parametrize("ordinary", [False, True], ids=["this user", "an ordinary user"])
async def test_in_a_plain_container_the_required_layers_hold_and_the_others_are_named(ordinary: bool) -> None:
    found = await probe_in(user=other_user() if ordinary else None, container=True)
    assert set(found["missing"]) == NAMESPACES  # type: ignore[call-overload]
    assert found["allowed"] == []
    assert found["not_refused"] == []
    assert found["uid"] != "0"
    assert found["one_shot"] == "7\n"
    assert found["workspace"] == "written\n"


async def test_without_confinement_the_engine_runs_and_every_layer_is_named_as_missing() -> None:
    async with raw_pool(confinement="off") as pool, leased(pool, 64 << 20) as sandbox:
        assert await evaluate(sandbox, "6 * 7") == "42"
        held = {layer.name for layer in pool.confinement.layers if layer.held}
        assert held == {"resource limits"}


async def test_a_wrong_mode_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="best_effort"):
        raw_pool(confinement="lax")


LISTENED_TO = """
    import asyncio, json, struct, sys
    from fakes.raw_guest import evaluate, leased, raw_pool
    from isolatejs.sandbox.launcher import linux
    from isolatejs.sandbox.probe import probe
    async def main():
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        listener = linux.load_seccomp_and_listen(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
        async with raw_pool(engine=sys.argv[1]) as pool:
            verdict = await probe(pool._client)
            async with leased(pool, 64 << 20) as sandbox:
                print(json.dumps({
                    "missing": [layer.name for layer in verdict.layers if not layer.held],
                    "allowed": [attempt.name for attempt in verdict.attempts if not attempt.refused],
                    "answer": await evaluate(sandbox, "6 * 7"),
                }))
    asyncio.run(main())
"""


async def test_where_somebody_listens_to_seccomp_already_the_layer_is_named_and_the_others_hold() -> None:
    found = await run_python(LISTENED_TO, find_engine().path)
    assert found == {"missing": [SINGLE_EXEC], "allowed": [], "answer": "42"}
