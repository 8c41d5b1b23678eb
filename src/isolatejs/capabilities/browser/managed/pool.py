"""`BrowserPool`: managed browsers that wait warm, one for each tenant."""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.browser.managed.options import LaunchOptions, Network
from isolatejs.capabilities.browser.managed.proxy import trusted_certificate
from isolatejs.capabilities.browser.managed.tenant import ManagedBrowser
from isolatejs.errors import ConfigurationError, IsolateError
from isolatejs.limits import (
    BROWSER_DISK_LIMIT_MB,
    BROWSER_MEMORY_LIMIT_MB,
    BROWSER_POOL_SIZE,
    BROWSER_TASKS_LIMIT,
    MIB,
)
from isolatejs.sandbox.browser.client import BrowserLauncherClient
from isolatejs.sandbox.browser.installation import find_chromium, lay_out
from isolatejs.sandbox.browser.launcher.settings import DRIVER, HOME, Limits, Settings
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from types import TracebackType

    from isolatejs.sandbox.browser.client import Tenant

__all__ = ["BrowserPool"]

_REFILL_DELAY_S: Final = 0.5
"""Before a browser is started for later: the one that was just taken goes first."""
_TRUST: Final = f"{DRIVER}/trust.pem"
_PRELOADED: Final = f"{DRIVER}/preloaded.js"
_PRELOAD: Final = """// The proxy of this tenant shows one certificate for every name; it has checked the server's own.
require("node:tls").checkServerIdentity = () => undefined;
"""
_logger = program_logger("isolatejs.browser")


class BrowserPool:
    """Confined Chromiums with a driver each; `size` of them wait warm.

        pool = BrowserPool(size=2)
        bindings={"browser": {"launch": pool}}

    Runtimes share the pool, never a browser: each runtime, session and test run gets one that nobody used before,
    and its whole tree of processes is killed at its end. The other options are those of `LaunchOptions`. Belongs to
    one event loop; end it with `aclose()` or `async with`. Raises ConfigurationError for wrong options.
    """

    def __init__(
        self,
        *,
        executable_path: str | os.PathLike[str] | None = None,
        size: int = BROWSER_POOL_SIZE,
        memory_limit_mb: int = BROWSER_MEMORY_LIMIT_MB,
        disk_limit_mb: int = BROWSER_DISK_LIMIT_MB,
        tasks_limit: int = BROWSER_TASKS_LIMIT,
        processors: int = 0,
        network: Network = "policy",
    ) -> None:
        self.options = LaunchOptions(
            executable_path=executable_path,
            size=size,
            memory_limit_mb=memory_limit_mb,
            disk_limit_mb=disk_limit_mb,
            tasks_limit=tasks_limit,
            processors=processors,
            network=network,
        )
        self._launcher: BrowserLauncherClient | None = None
        self._executable = ""
        self._connecting = asyncio.Lock()
        self._warm: deque[ManagedBrowser] = deque()
        self._alive: set[ManagedBrowser] = set()
        self._refill: asyncio.Task[None] | None = None
        self._created = 0
        self._leased = 0
        self._waiting = 0
        self._closed = False

    async def __aenter__(self) -> BrowserPool:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Start the launcher and begin to fill the pool.

        Raises ConfinementError where browsers cannot be confined, ConfigurationError without a browser.
        """
        try:
            await self._connect()
        except BaseException:
            await self.aclose()
            raise
        self.prepare()

    def prepare(self) -> None:
        """Begin to fill the pool; returns at once."""
        self._schedule_refill(0.0)

    async def lease(self) -> ManagedBrowser:
        """A browser that nobody used before: a warm one, one that is starting, or a new one.

        Raises ConfinementError where browsers cannot be confined, SandboxStartError, ConfigurationError.
        """
        self._check_open()
        self._leased += 1
        taken = self._take_warm()
        if taken is None and self._refill is not None and not self._refill.done() and self._waiting == 0:
            self._waiting += 1
            try:
                await asyncio.wait([self._refill])
            finally:
                self._waiting -= 1
            taken = self._take_warm()
        if taken is None:
            taken = await self._start()
        self._schedule_refill(_REFILL_DELAY_S)
        return taken

    def statistics(self) -> dict[str, int]:
        """Counts: alive, warm, leased (ever), created (ever)."""
        return {
            "alive": len(self._alive),
            "warm": len(self._warm),
            "leased": self._leased,
            "created": self._created,
        }

    @property
    def has_own_sandbox(self) -> bool:
        """Whether Chromium's own sandbox is on, beside the confinement; False until a browser was started."""
        return self._launcher is not None and self._launcher.nests

    async def aclose(self) -> None:
        """End every browser of the pool, also those in use, and wait until they are gone."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.gather(self._refill, return_exceptions=True)
        await asyncio.gather(*(browser.aclose() for browser in list(self._alive)))
        self._warm.clear()
        async with self._connecting:  # a launcher that is starting ends, too
            if self._launcher is not None:
                await self._launcher.close()

    def _check_open(self) -> None:
        if self._closed:
            raise IsolateError("the browser pool is closed")

    def _take_warm(self) -> ManagedBrowser | None:
        while self._warm:
            browser = self._warm.popleft()
            if browser.ended is None:
                return browser
        return None

    async def _start(self) -> ManagedBrowser:
        options = self.options
        tenant = await self._spawn()
        browser = await ManagedBrowser.start(
            tenant,
            self._executable,
            memory_limit_mb=options.memory_limit_mb,
            own_sandbox=self.has_own_sandbox,
        )
        self._created += 1
        self._alive.add(browser)
        tenant.exited.add_done_callback(lambda _: self._alive.discard(browser))
        if self._closed:
            await browser.aclose()
            self._check_open()
        return browser

    async def _spawn(self) -> Tenant:
        options = self.options
        launcher = await self._connect()
        limits = Limits(
            memory_bytes=options.memory_limit_mb * MIB,
            disk_bytes=options.disk_limit_mb * MIB,
            tasks=options.tasks_limit,
            processors=options.processors,
        )
        return await launcher.spawn(limits, own_network=options.network == "policy")

    async def _connect(self) -> BrowserLauncherClient:
        """The launcher, started again when it has died."""
        async with self._connecting:
            self._check_open()
            if self._launcher is None or self._launcher.ended.done():
                if self._launcher is not None:
                    _logger.warning("the browser launcher has died and is started again")
                    await self._launcher.close()
                settings, self._executable = await asyncio.to_thread(_look_around, self.options)
                self._launcher = await BrowserLauncherClient.start(settings)
            return self._launcher

    def _schedule_refill(self, delay_s: float) -> None:
        if self._closed or len(self._warm) >= self.options.size:
            return
        if self._refill is None or self._refill.done():
            # In a context of its own: it is nobody's call, whoever orders it.
            self._refill = asyncio.get_running_loop().create_task(
                self._fill(delay_s), name="isolatejs browser refill", context=contextvars.Context()
            )

    async def _fill(self, delay_s: float) -> None:
        try:
            while len(self._warm) < self.options.size and not self._closed:
                await asyncio.sleep(delay_s)
                browser = await self._start()
                self._warm.append(browser)
                if self._waiting:
                    return  # somebody takes it, and orders the next
        except (IsolateError, OSError) as error:
            _logger.warning("no browser could be started for later: %s", error)


def _look_around(options: LaunchOptions) -> tuple[Settings, str]:
    """What there is on this machine, as settings of the launcher, and the executable's path in a tenant's root."""
    if not sys.platform.startswith("linux"):
        raise ConfigurationError(
            "browser.launch: managed browsers need Linux; give create_context with a browser of your own instead"
        )
    node, package = _find_driver()
    executable = find_chromium(options.executable_path, _own_chromium())
    installation = lay_out(executable, {"node": node, "package": package})
    files = {**installation.files, _TRUST: trusted_certificate(), _PRELOADED: _PRELOAD}
    environment = {
        "HOME": HOME,
        "TMPDIR": "/tmp",
        "LANG": "en_US.UTF-8",
        "TZ": "UTC",
        "NODE_EXTRA_CA_CERTS": _TRUST,
        "PW_LANG_NAME": "python",
        "PW_LANG_NAME_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    argv = [f"{DRIVER}/node", "--require", _PRELOADED, f"{DRIVER}/package/cli.js", "run-driver"]
    settings = Settings(
        binds=installation.binds,
        files=files,
        links=installation.links,
        argv=argv,
        environment=environment,
        host_pid=os.getpid(),
    )
    return settings, installation.executable


def _find_driver() -> tuple[str, str]:
    """Node and the package of Playwright's driver. Raises ConfigurationError without Playwright."""
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError as error:
        raise ConfigurationError("browser.launch needs Playwright: pip install isolatejs[browser]") from error
    node, program = compute_driver_executable()
    return node, str(Path(program).parent)


def _own_chromium() -> str | None:
    """The Chromium that `playwright install` keeps for this driver, if it is there."""
    import json

    directory = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(Path.home() / ".cache" / "ms-playwright")
    _, package = _find_driver()
    try:
        listed: Any = json.loads((Path(package) / "browsers.json").read_text())["browsers"]
        revision = next(one["revision"] for one in listed if one["name"] == "chromium")
    except (OSError, ValueError, KeyError, StopIteration):
        return None
    found = sorted(Path(directory).glob(f"chromium-{revision}/chrome-linux*/chrome"))
    return str(found[0]) if found else None
