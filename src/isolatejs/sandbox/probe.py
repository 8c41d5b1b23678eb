"""Asks a throwaway process behind the wall which layers hold and what it could not do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isolatejs.errors import SandboxCrashedError

from .confinement import Layer
from .launcher.wall import LAYERS

if TYPE_CHECKING:
    from .launcher_client import LauncherClient

PROBE_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Attempt:
    """Something forbidden that was tried. `layer` is the one that has to refuse it, `detail` how it ended."""

    name: str
    layer: str
    refused: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What a probe found. `not_refused`: (number, result) of system calls that should have been refused."""

    layers: tuple[Layer, ...]
    attempts: tuple[Attempt, ...]
    swept: int = 0
    not_refused: tuple[tuple[int, int], ...] = ()


async def probe(client: LauncherClient, *, sweep: bool = False) -> Verdict:
    """Run the probe; with `sweep` it also calls every system call that no rule allows.

    Raises ConfigurationError when a required layer cannot be set up.
    """
    sandbox = await client.spawn([], one_shot=True, probe="sweep" if sweep else "attempts")
    loop = asyncio.get_running_loop()
    data = bytearray()
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            while chunk := await loop.sock_recv(sandbox.channel_socket, 65536):
                data += chunk
            report = await asyncio.shield(sandbox.exited)
    finally:
        await sandbox.aclose()
    if not data:
        raise SandboxCrashedError(f"the probe of the wall died: {report.stderr_tail or report}")
    return _verdict(client.statuses, json.loads(data))


def _verdict(launcher_statuses: dict[str, list[Any]], found: dict[str, Any]) -> Verdict:
    statuses = {**launcher_statuses, **found["statuses"]}
    layers = tuple(Layer(name, *statuses[name]) for name in LAYERS)
    attempts = tuple(Attempt(**attempt) for attempt in found["attempts"])
    return Verdict(layers, attempts, found.get("swept", 0), tuple(map(tuple, found.get("not_refused", ()))))
