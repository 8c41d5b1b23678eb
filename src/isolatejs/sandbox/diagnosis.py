"""Tries the wall out on this machine and says what to change where a layer is missing. Used by `doctor`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from isolatejs.errors import IsolateError
from isolatejs.limits import MIB

from .launcher.wall import NAMESPACES, REQUIRED, SINGLE_EXEC
from .pool import EmbeddedPool
from .workspace import receive_workspace

if TYPE_CHECKING:
    from .probe import Verdict

Standing = Literal["holds", "missing", "broken"]

_NAMESPACES_ADVICE = (
    "Let this user make user namespaces: kernel.unprivileged_userns_clone=1 (Debian), "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces > 0. In a container: "
    "--security-opt apparmor=unconfined --security-opt seccomp=PROFILE, with a profile that allows clone, "
    "unshare, mount, mount_setattr, umount2, pivot_root and sethostname."
)
_ADVICE = {
    "landlock": "Linux 5.13 or later with `landlock` among its security modules (lsm=landlock,...); in a "
    "container, a seccomp profile that allows landlock_create_ruleset (Docker 23 and later).",
    "seccomp": "A kernel with CONFIG_SECCOMP_FILTER, on x86-64 or arm64.",
    "unprivileged user": "As root, CAP_SETUID and CAP_SETGID; or start as an ordinary user.",
    "closed descriptors": "Linux 5.11 or later (close_range).",
    SINGLE_EXEC: "Linux 5.5 or later, and no container manager that listens to seccomp itself.",
}
_COSTS = {
    "user namespace": "sandboxes have this user's id, or as root one each: for an ordinary user the watchdog ends who "
    "has more than 128 threads, where the kernel would refuse the next one",
    "mount namespace": "a program may ask whether a path exists, and where the engine is; it can still open nothing",
    "empty root": "as for the mount namespace",
    "pid namespace": "one layer less between sandboxes and other processes; signals stay refused",
    "network namespace": "one layer less: sockets stay refused by seccomp",
    "ipc namespace": "one layer less: queues and shared memory stay refused by seccomp",
    "uts namespace": "the name and the version of the kernel are not told: they would come with the host's name",
    SINGLE_EXEC: "machine code could start the engine, and nothing else, again, under the same limits",
}
"""What is lost where a layer is missing."""
BOMB = "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))"
CHECKER_LIMIT_BYTES = 256 * MIB
BOMB_LIMIT_BYTES = 64 * MIB
BUSY = "for (;;);"
RUN_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Check:
    """One thing that was tried. `evidence` says how it went, `advice` what to change when it did not hold."""

    name: str
    standing: Standing
    required: bool
    evidence: str
    advice: str = ""
    cost: str = ""
    """What is lost while it is missing."""


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which the layers are set up."""

    checks: tuple[Check, ...]

    @property
    def complete(self) -> bool:
        """Whether every layer holds."""
        return all(check.standing == "holds" for check in self.checks)

    @property
    def sufficient(self) -> bool:
        """Whether everything holds that `confinement="require"` asks for."""
        return all(check.standing == "holds" for check in self.checks if check.required)


async def diagnose(*, engine: str | None = None) -> Diagnosis:
    """Try the wall out in throwaway sandboxes. Raises ConfigurationError when there is no engine at all."""
    async with EmbeddedPool(pool_size=0, confinement="best_effort", engine=engine) as pool:
        verdict = await pool.try_wall(sweep=True)
        checks = [*_layer_checks(verdict, await _look_from_outside(pool)), _sweep_check(verdict)]
        checks.append(await _try_engine(pool))
        checks.append(await _try_memory_limit(pool))
        checks.append(await _try_kill(pool))
        checks.append(await _look_at_type_checker(pool, verdict))
    return Diagnosis(tuple(checks))


_NAMESPACES = {"user": "user", "mount": "mnt", "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts"}


async def _look_from_outside(pool: EmbeddedPool) -> dict[str, tuple[bool, str]]:
    """What the kernel says of a running engine, where it says something: layer -> (holds, evidence)."""
    if sys.platform != "linux":
        return {}
    sandbox = await pool.lease(memory_limit_bytes=None)
    try:
        return _read_process(Path("/proc") / str(sandbox.pid))
    finally:
        await sandbox.aclose()


def _read_process(process: Path) -> dict[str, tuple[bool, str]]:
    found = {}
    for name, link in _NAMESPACES.items():
        try:
            private = (process / "ns" / link).readlink() != Path(f"/proc/self/ns/{link}").readlink()
        except PermissionError:  # root without CAP_SYS_PTRACE; it can make no namespaces either
            continue
        found[f"{name} namespace"] = (
            private,
            "the engine is in its own" if private else "shared with the host",
        )
    lines = (line.partition(":\t") for line in (process / "status").read_text().splitlines())
    status = {name: value.split() for name, _, value in lines}
    found["unprivileged user"] = (status["Uid"][0] != "0", f"uid {status['Uid'][0]}")
    sets = {name: int(status[name][0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    found["capabilities"] = (not any(sets.values()), f"{sum(map(int.bit_count, sets.values()))} in its sets")
    found["seccomp"] = (status["Seccomp"][0] == "2", "")
    no_new = status["NoNewPrivs"][0] == "1"
    found["no new privileges"] = (no_new, "the kernel says so" if no_new else "not set")
    return found


def _layer_checks(verdict: Verdict, seen: dict[str, tuple[bool, str]]) -> list[Check]:
    checks = []
    for layer in verdict.layers:
        tried = [attempt for attempt in verdict.attempts if attempt.layer == layer.name]
        allowed = [attempt.name for attempt in tried if not attempt.refused]
        really, outside = seen.get(layer.name, (True, ""))
        standing: Standing = "missing" if not layer.held else "broken" if allowed or not really else "holds"
        if allowed:
            evidence = f"not refused: {', '.join(allowed)}"
        elif not layer.held:
            evidence = layer.reason
        else:
            refused = f"{len(tried)} of {len(tried)} forbidden things refused" if tried else ""
            evidence = ", ".join(filter(None, (refused, outside))) or "set up"
        advice = "" if standing == "holds" else _ADVICE.get(layer.name, "")
        if standing != "holds" and layer.name in NAMESPACES:
            advice = _NAMESPACES_ADVICE
        cost = _COSTS.get(layer.name, "") if standing == "missing" else ""
        checks.append(Check(layer.name, standing, layer.name in REQUIRED, evidence, advice, cost))
    return checks


def _sweep_check(verdict: Verdict) -> Check:
    name = "all other system calls"
    if verdict.not_refused or not verdict.swept:
        numbers = ", ".join(str(number) for number, _ in verdict.not_refused)
        return Check(
            name, "broken", True, f"not refused: {numbers or 'the sweep did not run'}", _ADVICE["seccomp"]
        )
    return Check(name, "holds", True, f"{verdict.swept} that no rule allows, all refused")


async def _try_engine(pool: EmbeddedPool) -> Check:
    began = time.perf_counter()
    try:
        run = await pool.run_engine(["eval", "console.log(6 * 7)"], {}, RUN_TIMEOUT_S, None)
    except (IsolateError, TimeoutError) as error:
        return Check("engine", "broken", True, str(error))
    took = (time.perf_counter() - began) * 1000
    if run.stdout != b"42\n":
        return Check("engine", "broken", True, f"status {run.exit_code}: {run.stderr.strip()[-300:]}")
    return Check("engine", "holds", True, f"started, ran and ended behind the wall in {took:.0f} ms")


async def _try_memory_limit(pool: EmbeddedPool) -> Check:
    began = time.perf_counter()
    try:
        run = await pool.run_engine(["eval", BOMB], {}, RUN_TIMEOUT_S, BOMB_LIMIT_BYTES)
    except (IsolateError, TimeoutError) as error:
        return Check("memory limit", "broken", True, f"a bomb was not stopped: {error}")
    took = (time.perf_counter() - began) * 1000
    if run.exit_code == 0:
        return Check("memory limit", "broken", True, "a bomb ended well")
    counted = (
        "a memory cgroup" if pool.has_cgroups else "looks, 20-50 ms apart (no memory cgroup is delegated)"
    )
    return Check(
        "memory limit",
        "holds",
        True,
        f"a bomb of byte arrays was ended after {took:.0f} ms; what holds machine code: {counted}",
    )


async def _try_kill(pool: EmbeddedPool) -> Check:
    limit_s = 0.3
    began = time.perf_counter()
    try:
        await pool.run_engine(["eval", BUSY], {}, limit_s, None)
    except TimeoutError:
        late = (time.perf_counter() - began - limit_s) * 1000
        return Check("kill", "holds", True, f"a busy loop was gone {late:.0f} ms after its time limit")
    return Check("kill", "broken", True, "a busy loop ended by itself")


async def _look_at_type_checker(pool: EmbeddedPool, verdict: Verdict) -> Check:
    """The process that reads programs to check their types stands behind the same layers as a program."""
    name = "type checker"
    try:
        sandbox = await pool.lease_engine(["lsp", "--quiet"], memory_limit_bytes=CHECKER_LIMIT_BYTES)
    except IsolateError as error:
        return Check(name, "broken", True, str(error))
    try:
        receive_workspace(sandbox.channel_socket).close()
        seen = _read_process(Path("/proc") / str(sandbox.pid)) if sys.platform == "linux" else {}
    finally:
        await sandbox.aclose()
    held = {layer.name for layer in verdict.layers if layer.held}
    missing = [layer for layer, (really, _) in seen.items() if layer in held and not really]
    if missing:
        return Check(name, "broken", True, f"it is not behind: {', '.join(missing)}")
    count = sum(layer in held for layer in seen)
    return Check(name, "holds", True, f"{count} of {count} layers of a program seen around it, too")
