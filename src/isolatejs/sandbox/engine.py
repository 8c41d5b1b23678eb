"""The engine: where its binary is, what it is linked with, how it is started."""

from __future__ import annotations

import importlib
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from isolatejs.errors import SandboxStartError

V8_FLAGS: tuple[str, ...] = (
    # Without /proc, V8 would copy its built-ins into every process: 2.1 MB and 1 ms, for no measurable speed.
    "--no-short-builtin-calls",
    # The rest makes V8 collect garbage early enough for a limit of 128 MB, which it does not know of: by
    # default it lets 64 MB of dead buffers and a heap of several hundred MB wait for a concurrent collector.
    # Programs with 20-40 MB of live data were killed without, and ran as fast with it.
    "--single-threaded-gc",
    "--max-semi-space-size=8",
    "--initial-old-space-size=32",
    "--heap-growing-percent=50",
    # V8's cache of compiled programs keeps each one by its text: a session of many evals would never stop
    # growing (0.8 kB for each).
    "--no-compilation-cache",
)
OPTIONS = (
    "--unstable-unsafe-proto",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-prompt",
    "-q",
)
"""Nothing that lies around on the machine, and nothing on the network, changes how the engine starts."""


@dataclass(frozen=True)
class Engine:
    """A Deno binary and the shared libraries (with the loader) that it needs."""

    path: str
    libraries: tuple[str, ...]


def find_engine(path: str | None = None) -> Engine:
    """The engine at `path`; without one, that of the `deno` package, beside the interpreter, or on PATH.

    Raises SandboxStartError when there is none.
    """
    found = Path(path) if path not in (None, "auto") else _search()
    if found is None or not found.is_file():
        raise SandboxStartError(
            f"engine: no Deno binary at {path}"
            if path not in (None, "auto")
            else "engine: the Deno binary was not found; install it with `pip install deno`"
        )
    real = str(found.resolve())
    return Engine(real, linked_libraries(real))


def engine_argv(
    engine: str, image: str, *, sync_replies: str = "/sync-replies", cached: bool = False, warm: bool = False
) -> list[str]:
    """The command line of a sandbox's engine.

    `cached`: its DENO_DIR holds compiled code of the image. `warm`: it will wait for a lease, so that its
    kernel may load ahead what most programs need.
    """
    argv = [
        engine,
        "run",
        *OPTIONS,
        *([] if cached else ["--no-code-cache"]),
        f"--allow-read={image},{sync_replies}",
    ]
    if V8_FLAGS:
        argv.append("--v8-flags=" + ",".join(V8_FLAGS))
    return [*argv, f"{image}/guest/main.js", *(["--warm"] if warm else [])]


def _search() -> Path | None:
    try:
        return Path(importlib.import_module("deno").find_deno_bin())
    except (ImportError, FileNotFoundError, AttributeError):
        pass
    beside = Path(sys.executable).parent / ("deno.exe" if os.name == "nt" else "deno")
    if beside.is_file():
        return beside
    on_path = shutil.which("deno")
    return None if on_path is None else Path(on_path)


@lru_cache(maxsize=8)
def linked_libraries(binary: str) -> tuple[str, ...]:
    """Paths under which the binary's loader finds the libraries, the loader first; () on a static binary."""
    if not sys.platform.startswith("linux"):
        return ()
    loader = _read_loader(binary)
    if loader is None:
        return ()
    listing = subprocess.run([loader, "--list", binary], capture_output=True, text=True, check=True, env={})
    paths = [loader]
    for line in listing.stdout.splitlines():
        path = line.split("=>")[-1].split("(")[0].strip()
        if path.startswith("/") and path not in paths:
            paths.append(path)
    return tuple(paths)


def _read_loader(binary: str) -> str | None:
    """The loader that an ELF file names (its PT_INTERP)."""
    with Path(binary).open("rb") as file:
        header = file.read(64)
        if header[:4] != b"\x7fELF" or header[4] != 2:
            return None
        (table,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        for index in range(count):
            file.seek(table + index * size)
            kind, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            if kind == 3:
                file.seek(offset)
                return file.read(length).rstrip(b"\0").decode()
    return None
