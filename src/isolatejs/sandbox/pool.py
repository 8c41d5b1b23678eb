"""The embedded provider: one launcher, and a few sandboxes that wait warm."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from isolatejs import limits
from isolatejs.errors import ConfigurationError, ConfinementError, IsolateError, OutputLimitError

from .confinement import Confinement, ConfinementReport
from .direct_client import DirectClient
from .engine import engine_argv, find_engine
from .engine_cache import EngineCache
from .fill_cache import fill_cache
from .guest_image import image_files
from .launcher.settings import Settings
from .launcher_client import LauncherClient
from .probe import Verdict, probe
from .provider import CompletedEngineRun

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from .sandbox import Sandbox

logger = logging.getLogger("isolatejs.sandbox")

REFILL_DELAY_S = 0.005
"""Before each process of a refill: the runtime that was just taken goes first."""


class EmbeddedPool:
    """Leases sandboxes from this process's own launcher.

    `pool_size` sandboxes wait warm; an empty pool means a cold start. `engine` is the path of a Deno binary,
    `image_directory` stands in for the package's own guest files.
    """

    def __init__(
        self,
        *,
        pool_size: int = limits.POOL_SIZE,
        confinement: Confinement = "require",
        engine: str | None = None,
        image_directory: Path | None = None,
    ) -> None:
        if confinement not in get_args(Confinement):
            raise ConfigurationError(
                f"confinement={confinement!r}: expected one of {', '.join(get_args(Confinement))}"
            )
        self._pool_size = pool_size
        self._mode: Confinement = confinement
        self._engine_path = engine
        self._image_directory = image_directory
        self._warm: deque[Sandbox] = deque()
        self._alive: dict[str, Sandbox] = {}
        self._created = 0
        self._leased = 0
        self._refill: asyncio.Task[None] | None = None
        self._client: LauncherClient | DirectClient | None = None
        self._connecting = asyncio.Lock()
        self._closed = False
        self.confinement = ConfinementReport(confinement)

    async def __aenter__(self) -> EmbeddedPool:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the launcher and begin to fill the pool. Raises ConfinementError, ConfigurationError."""
        await self._connect()
        self._schedule_refill(0.0)

    async def lease(self, *, memory_limit_bytes: int | None) -> Sandbox:
        """A fresh sandbox: a warm one without waiting, else a cold start (about 20 ms)."""
        _check_memory_limit(memory_limit_bytes)
        self._leased += 1
        while self._warm:
            sandbox = self._warm.popleft()
            if sandbox.exited.done():
                sandbox.close_descriptors()
                continue
            if memory_limit_bytes is not None and self._client is not None:
                self._client.limit_memory(sandbox.id, memory_limit_bytes)
            self._schedule_refill(REFILL_DELAY_S)
            return sandbox
        self._schedule_refill(REFILL_DELAY_S)
        return await self._spawn(memory_limit_bytes)

    async def run_engine(
        self,
        argv: list[str],
        files: dict[str, bytes],
        timeout_s: float,
        memory_limit_bytes: int | None,
    ) -> CompletedEngineRun:
        """Run the engine once behind the wall, in /work with `files`.

        Raises TimeoutError, and OutputLimitError when it writes more than ENGINE_OUTPUT_LIMIT_BYTES.
        """
        _check_memory_limit(memory_limit_bytes)
        client, engine = await self._connect()
        sandbox = await client.spawn(
            [engine, *argv], memory_limit_bytes=memory_limit_bytes, files=files, one_shot=True
        )
        self._track(sandbox)
        sandbox.set_deadline(time.monotonic() + timeout_s)
        stdout = bytearray()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                while data := await loop.sock_recv(sandbox.channel_socket, 256 * 1024):
                    stdout += data
                    if len(stdout) > limits.ENGINE_OUTPUT_LIMIT_BYTES:
                        raise _too_much_output()
                report = await asyncio.shield(sandbox.exited)
                if report.reason == "deadline":
                    raise TimeoutError
        finally:
            await sandbox.aclose()
        code = report.exit_code if report.exit_code is not None else -(report.signal or 0)
        return CompletedEngineRun(code, bytes(stdout), report.stderr_tail)

    async def lease_engine(self, argv: list[str], *, memory_limit_bytes: int | None) -> Sandbox:
        """Start the engine behind the wall, its stdin and stdout on the channel, in a directory of its own."""
        _check_memory_limit(memory_limit_bytes)
        client, engine = await self._connect()
        self._leased += 1
        sandbox = await client.spawn([engine, *argv], memory_limit_bytes=memory_limit_bytes, workspace=True)
        self._track(sandbox)
        return sandbox

    async def try_wall(self, *, sweep: bool = False) -> Verdict:
        """Let a throwaway process behind the wall try what is forbidden; with `sweep` every system call."""
        client, _ = await self._connect()
        if isinstance(client, DirectClient):
            return Verdict(self.confinement.layers, ())
        return await probe(client, sweep=sweep)

    @property
    def has_cgroups(self) -> bool:
        """Whether each sandbox has a memory cgroup of its own."""
        return isinstance(self._client, LauncherClient) and self._client.cgroups

    def statistics(self) -> dict[str, int]:
        """Counts: alive, warm, leased (ever), created (ever)."""
        return {
            "alive": len(self._alive),
            "warm": len(self._warm),
            "leased": self._leased,
            "created": self._created,
        }

    async def close(self) -> None:
        """Kill every sandbox and the launcher; wait until they are gone."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.gather(self._refill, return_exceptions=True)
        for sandbox in list(self._alive.values()):
            sandbox.kill()
        async with self._connecting:  # a launcher that is starting ends, too
            if self._client is not None:
                await self._client.close()
        while self._warm:
            self._warm.popleft().close_descriptors()

    async def _connect(self) -> tuple[LauncherClient | DirectClient, str]:
        """The launcher, started again when it has died, and the path of the engine in its sandboxes."""
        async with self._connecting:
            if self._closed:
                raise IsolateError("the host is closed")
            if self._client is None or self._client.ended.done():
                await self._start_launcher()
                if self._closed:
                    raise IsolateError("the host is closed")
            assert self._client is not None
            return self._client, self._client.place["engine"]

    async def _start_launcher(self) -> None:
        if self._client is not None:
            words = self._client.last_words() if isinstance(self._client, LauncherClient) else ""
            logger.warning("the launcher has died and is started again; it said: %s", words or "nothing")
            await self._client.close()
        if sys.platform != "linux":
            settings, _ = await asyncio.to_thread(self._look_around)
            self._use(await DirectClient.start(settings))
            return
        client = LauncherClient.launch()  # its interpreter starts while this one looks around
        try:
            settings, cache = await asyncio.to_thread(self._look_around)
            await client.configure(settings)
            if client.own_root and not client.cached and await fill_cache(client, cache):
                await client.close()
                client = LauncherClient.launch()
                await client.configure(replace(settings, cache=cache.files()))
            self.confinement = await self._try_out(client)
        except BaseException:
            await client.close()
            raise
        self._use(client)

    def _look_around(self) -> tuple[Settings, EngineCache]:
        """What there is on this machine: the engine, its libraries, the guest image, its compiled code."""
        engine = find_engine(self._engine_path)
        image = image_files(self._image_directory)
        cache = EngineCache(engine, image)
        settings = Settings(
            engine=engine.path,
            libraries=engine.libraries,
            image=image,
            cache=cache.files() if sys.platform == "linux" else {},
            confinement=self._mode,
            host_pid=os.getpid(),
        )
        return settings, cache

    def _use(self, client: LauncherClient | DirectClient) -> None:
        if isinstance(client, DirectClient):
            self.confinement = ConfinementReport(self._mode, client.layers)
        self._client = client

    async def _try_out(self, client: LauncherClient) -> ConfinementReport:
        """Let a throwaway process try the wall, so that `require` fails before the first program."""
        try:
            verdict = await probe(client)
        except IsolateError as error:
            raise ConfinementError(f"confinement={self._mode!r}: {error}") from error
        allowed = [attempt.name for attempt in verdict.attempts if not attempt.refused]
        if self._mode == "require" and allowed:
            raise ConfinementError(
                f"confinement='require': not refused behind the wall: {', '.join(allowed)}"
            )
        return ConfinementReport(self._mode, verdict.layers)

    async def _spawn(self, memory_limit_bytes: int | None, *, warm: bool = False) -> Sandbox:
        client, engine = await self._connect()
        argv = engine_argv(engine, client.place["image"], cached=client.cached, warm=warm)
        sandbox = await client.spawn(argv, memory_limit_bytes=memory_limit_bytes)
        self._track(sandbox)
        return sandbox

    def _track(self, sandbox: Sandbox) -> None:
        self._created += 1
        self._alive[sandbox.id] = sandbox
        sandbox.exited.add_done_callback(lambda _: self._alive.pop(sandbox.id, None))

    def _schedule_refill(self, delay_s: float) -> None:
        if self._closed or len(self._warm) >= self._pool_size:
            return
        if self._refill is None or self._refill.done():
            self._refill = asyncio.get_running_loop().create_task(
                self._fill(delay_s), name="isolatejs refill"
            )

    async def _fill(self, delay_s: float) -> None:
        try:
            while len(self._warm) < self._pool_size and not self._closed:
                await asyncio.sleep(delay_s)
                self._warm.append(await self._spawn(None, warm=True))
        except (IsolateError, OSError):
            logger.exception("the pool cannot be refilled; the next lease starts cold")


def _check_memory_limit(limit_bytes: int | None) -> None:
    """What does not fit the launcher's system calls would end it, and every sandbox with it."""
    most = limits.MEMORY_LIMIT_MAXIMUM_MB * limits.MIB
    if limit_bytes is not None and not 0 < limit_bytes <= most:
        raise ConfigurationError(
            f"memory_limit_mb={limit_bytes / limits.MIB:g}: at most {limits.MEMORY_LIMIT_MAXIMUM_MB}"
        )


def _too_much_output() -> OutputLimitError:
    limit = limits.ENGINE_OUTPUT_LIMIT_BYTES
    return OutputLimitError(
        f"a run of the engine wrote more than {limit} bytes", limit="ENGINE_OUTPUT_LIMIT_BYTES", value=limit
    )
