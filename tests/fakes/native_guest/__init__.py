"""Machine code in the engine's place, behind the real confinement: "fully under the attacker's control".

`guest.c` is compiled once a session into a static program (nothing else has to be in the root). Its pool is an
ordinary one, whose engine is that program: the product's own launcher starts and confines it. Each request is
one line, the name of an attack and its arguments; each answer is one line.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.raw_guest import IMAGE
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.sandbox import Sandbox

SOURCES = Path(__file__).parent
ANSWER_TIMEOUT_S = 30.0
MEMORY_LIMIT_BYTES = 64 << 20


@functools.cache
def compile_program(*sources: Path, static: bool = True, header: str = "") -> str:
    """Compile C files into one program; `header` is what they include as "generated.h".

    Never skips: without a C compiler the tests of the confinement would say nothing.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    assert compiler, "no C compiler: scripts/test installs one, or `apt-get install gcc libc6-dev`"
    digest = hashlib.sha256(repr((static, header)).encode())
    for source in sorted(SOURCES.glob("*.h")) + list(sources):
        digest.update(source.read_bytes())
    # Below a directory that everybody may enter: sandboxes are not root.
    place = Path(tempfile.gettempdir()) / f"isolatejs-native-{os.getuid()}"
    place.mkdir(mode=0o755, exist_ok=True)
    assert place.lstat().st_uid == os.getuid()
    place.chmod(0o755)
    target = place / digest.hexdigest()[:24]
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=place) as draft:
            (Path(draft) / "generated.h").write_text(header)
            program = Path(draft) / "program"
            command = [compiler, "-O1", "-w", "-std=gnu11", "-pthread", f"-I{draft}", f"-I{SOURCES}"]
            command += ["-static"] if static else []
            done = subprocess.run(
                [*command, "-o", str(program), *map(str, sources)], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            program.chmod(0o755)
            program.rename(target)
    return str(target)


def native_pool(*, static: bool = True, **options: object) -> EmbeddedPool:
    """A pool whose engine is the native program."""
    engine = compile_program(SOURCES / "guest.c", static=static)
    return EmbeddedPool(
        image_directory=IMAGE,
        engine=engine,
        **{"pool_size": 0, **options},  # type: ignore[arg-type]
    )


async def ask(sandbox: Sandbox, request: str) -> str:
    """Have an attack run; "" when the sandbox ended instead of answering."""
    return await asyncio.wait_for(_ask(sandbox, request), ANSWER_TIMEOUT_S)


async def _ask(sandbox: Sandbox, request: str) -> str:
    loop = asyncio.get_running_loop()
    answer = b""
    try:
        await loop.sock_sendall(sandbox.channel_socket, request.encode() + b"\n")
        while not answer.endswith(b"\n"):
            data = await loop.sock_recv(sandbox.channel_socket, 65536)
            if not data:
                return ""
            answer += data
    except (BrokenPipeError, ConnectionResetError):
        return ""
    return answer.decode("utf-8", "replace").rstrip("\n")


@asynccontextmanager
async def native(
    pool: EmbeddedPool, memory_limit_bytes: int | None = MEMORY_LIMIT_BYTES
) -> AsyncIterator[Sandbox]:
    """A sandbox of machine code that is up and answers."""
    sandbox = await pool.lease(memory_limit_bytes=memory_limit_bytes)
    try:
        assert await ask(sandbox, "hello") == "hello"
        yield sandbox
    finally:
        await sandbox.aclose()
