"""Runs the attacks, each in a runtime of its own, beside a sibling that must never notice."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from isolatejs.errors import ExecutionTimeoutError, GuestError, IsolateError, MemoryLimitError
from isolatejs.host.bindings import Bindings

from .corpus import CORPUS, ESCAPED, Attack, tool_attacks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from isolatejs.host.attacks.page_corpus import PageAttack
    from isolatejs.host.isolate_host import IsolateHost
    from isolatejs.host.script_runtime import ScriptRuntime

MEMORY_LIMIT_MB = 64
ENDED_BY_EITHER = frozenset({"giant BigInt"})
"""Attacks on time that need so much memory that either limit may come first."""
EXECUTION_TIMEOUT_MS = 1000.0
LONG_EXECUTION_TIMEOUT_MS = 10_000.0
"""For attacks that another limit has to end, or that wait for a network."""
LEAK_LENGTH = 8
"""Values of the environment that are shorter are found in any text."""

Verdict = Literal["contained", "escaped", "leaked", "disturbed", "host error"]


@dataclass(frozen=True)
class Outcome:
    """How one attack ended. Everything but `contained` is a hole; `detail` says what was seen."""

    attack: Attack | PageAttack
    verdict: Verdict
    detail: str
    duration_ms: float


async def run_attacks(
    host: IsolateHost, given: Bindings | Mapping[str, Any] | None = None
) -> AsyncIterator[Outcome]:
    """Run the corpus with the given bindings; attacks on capabilities that are not granted are left out."""
    granted = _granted(given)
    attacks = [attack for attack in CORPUS if not attack.needs or attack.needs in granted]
    attacks += tool_attacks(_tool_paths(granted.get("tools") or {}))
    async with host.create_runtime() as sibling:
        await sibling.eval("globalThis.alive = 1")
        for attack in attacks:
            began = time.perf_counter()
            verdict, detail = await _run(host, attack, given, sibling)
            yield Outcome(attack, verdict, detail[:300], (time.perf_counter() - began) * 1000)


async def _run(host: IsolateHost, attack: Attack, given: Any, sibling: ScriptRuntime) -> tuple[Verdict, str]:
    timeout_ms = (
        EXECUTION_TIMEOUT_MS if attack.ends_by == "execution_timeout_ms" else LONG_EXECUTION_TIMEOUT_MS
    )
    program = attack.code
    if not attack.is_typechecked:
        program = f"const attack = async () => {{ {attack.code} }};\nawait attack()"
    verdict: Verdict = "contained"
    try:
        async with host.create_runtime(
            bindings=given, memory_limit_mb=MEMORY_LIMIT_MB, typecheck=attack.is_typechecked
        ) as runtime:
            detail = str(await runtime.eval(program, execution_timeout_ms=timeout_ms))
    except (ExecutionTimeoutError, MemoryLimitError) as error:
        detail = f"ended by {error.limit}"
        if attack.ends_by and error.limit != attack.ends_by and attack.name not in ENDED_BY_EITHER:
            verdict = "escaped"
            detail += f", not by {attack.ends_by}"
    except IsolateError as error:
        detail = f"{error.name}: {error.message}" if isinstance(error, GuestError) else str(error)
        if attack.is_typechecked and "root:" in detail:
            verdict = "escaped"
        if attack.ends_by:
            verdict = "escaped"
            detail = f"not ended by {attack.ends_by}: {detail}"
    except Exception as error:  # what an attack may never cause: reported, so that the others still run
        return "host error", f"{type(error).__name__}: {error}"
    else:
        if attack.ends_by or detail.startswith(ESCAPED):
            verdict = "escaped"
    if verdict == "contained" and (secret := _leak(detail)):
        return "leaked", f"the text contains {secret}: {detail}"
    try:
        if await sibling.eval("alive", execution_timeout_ms=LONG_EXECUTION_TIMEOUT_MS) != 1:
            return "disturbed", "another runtime lost its state"
    except IsolateError as error:
        return "disturbed", f"another runtime: {error}"
    return verdict, detail


def _leak(text: str) -> str:
    """Which secret of the host a text contains, "" for none."""
    for name, value in os.environ.items():
        if len(value) >= LEAK_LENGTH and value in text:
            return f"the environment's {name}"
    for name, value in (("home", os.path.expanduser("~")), ("working directory", os.getcwd())):  # noqa: PTH109, PTH111
        if len(value) >= LEAK_LENGTH and value in text:
            return f"the host's {name}"
    return ""


def _granted(given: Bindings | Mapping[str, Any] | None) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, Bindings):
        pairs = ((name, getattr(given, name)) for name in given.__dataclass_fields__)
    else:
        pairs = ((name, value) for name, value in given.items())
    return {name: value for name, value in pairs if value is not None}


def _tool_paths(tools: Mapping[str, Any], prefix: str = "") -> list[str]:
    paths = []
    for name, value in tools.items():
        paths += _tool_paths(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return paths
