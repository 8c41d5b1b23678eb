"""Lowers JSX and decorators with the engine's transpiler, behind the same wall as programs.

The result depends on the source and the options only, so a host keeps it by content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from isolatejs.channel.current_call import current_owner
from isolatejs.errors import IsolateError
from isolatejs.fair_queue import FairQueue
from isolatejs.limits import (
    MIB,
    MODULE_TRANSPILE_CACHE_LIMIT_BYTES,
    MODULE_TRANSPILE_LIMIT_BYTES,
    MODULE_TRANSPILE_TIMEOUT_S,
    TRANSPILERS_LIMIT,
    TRANSPILERS_SHARE,
)

from .source_cache import BoundedCache

if TYPE_CHECKING:
    from .bindings import ModuleOptions
    from .contract import Language

RunEngine = Callable[..., Awaitable[Any]]

_MEMORY_LIMIT_BYTES = 512 * MIB
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"\n[ \t]++at \S*?(program\.[jt]sx?):(\d{1,9}):(\d{1,9})")
_FOLDER = re.compile(r"(?:file://)?/(?:[^\s/]{1,100}/){0,20}work/(?=program\.|deno\.json)")
"""Where the transpiler ran: a path of this machine where there are no mount namespaces."""


class TranspileError(IsolateError):
    """The source is not what its language says. The message ends in `at program.tsx:LINE:COLUMN`."""


class Transpiler:
    """One for all hosts of the process: runtimes take turns, and none takes more than two places."""

    def __init__(self) -> None:
        self._cache: BoundedCache[bytes] = BoundedCache(MODULE_TRANSPILE_CACHE_LIMIT_BYTES)
        self._turns = FairQueue(TRANSPILERS_LIMIT, share=TRANSPILERS_SHARE, name="transpiler")

    async def transpile(
        self, source: bytes, language: Language, options: ModuleOptions, run_engine: RunEngine | None
    ) -> bytes:
        """JavaScript with an inline source map. Raises TranspileError; IsolateError when it cannot run."""
        if len(source) > MODULE_TRANSPILE_LIMIT_BYTES:
            raise IsolateError(
                f"{len(source)} bytes of JSX or decorators; {MODULE_TRANSPILE_LIMIT_BYTES} are allowed"
            )
        configuration = {
            "compilerOptions": {
                "jsx": "react-jsx",
                "jsxImportSource": options.jsx_import_source,
                **({"experimentalDecorators": True} if options.experimental_decorators else {}),
            }
        }
        key = hashlib.sha256(json.dumps([language, configuration]).encode() + b"\0" + source).digest()
        known = self._cache.get(key)
        if known is not None:
            return known
        if run_engine is None:
            raise IsolateError("this host cannot compile JSX and decorators")
        async with self._turns.turn(current_owner()):
            code = await self._run(source, language, configuration, run_engine)
        self._cache.put(key, code, len(code) + 128)
        return code

    async def _run(
        self, source: bytes, language: Language, configuration: dict[str, Any], run_engine: RunEngine
    ) -> bytes:
        name = f"program.{'ts' if language == 'unknown' else language}"
        done = await run_engine(
            ["transpile", "--no-remote", "--no-npm", "--no-lock", "--source-map", "inline", name],
            {name: source, "deno.json": json.dumps(configuration).encode()},
            MODULE_TRANSPILE_TIMEOUT_S,
            _MEMORY_LIMIT_BYTES,
        )
        if done.exit_code == 0:
            return bytes(done.stdout)
        raise TranspileError(_readable(done.stderr))


def _readable(stderr: str) -> str:
    """The transpiler's complaint, without colours, banner, backtrace and the path it ran at."""
    text = _ESCAPES.sub("", stderr).split("\nStack backtrace:")[0]
    _, _, complaint = text.rpartition("error: ")
    complaint = _FOLDER.sub("", complaint)
    place = _PLACE.search(complaint)
    if place is None:
        return complaint.strip() or "the source cannot be transpiled"
    message = complaint[: place.start()].split("\n  |")[0].strip()
    return f"{message} at {place[1]}:{place[2]}:{place[3]}"
