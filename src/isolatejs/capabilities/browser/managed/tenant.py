"""One managed browser: a confined tree of processes, the connection to its driver, and its only way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.browser.managed.driver import DriverConnection
from isolatejs.capabilities.browser.managed.proxy import TRUSTED_KEY_HASH, TenantProxy
from isolatejs.errors import SandboxCrashedError, SandboxStartError
from isolatejs.limits import BROWSER_START_TIMEOUT_MS
from isolatejs.sandbox.browser.launcher.settings import PROXY_PORT
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.browser.managed.proxy import PolicyUpstream
    from isolatejs.sandbox.browser.client import Tenant

_ARGUMENTS: Final = (
    "--disable-quic",
    # With a network of its own there is nowhere to go; these say so before anything is tried.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_EXIT_WAIT_S: Final = 1.0
_logger = program_logger("isolatejs.browser")


class ManagedBrowser:
    """`browser` is Playwright's object. It has one owner, and is never used again for another."""

    def __init__(self, tenant: Tenant, memory_limit_mb: int) -> None:
        self._tenant = tenant
        self._memory_limit_mb = memory_limit_mb
        self._driver = DriverConnection(self._explain, self._on_end)
        self._proxy = TenantProxy(tenant.listener) if tenant.listener is not None else None
        self._on_ended: list[Callable[[str], None]] = []
        self.browser: Any = None
        self.ended: str | None = None
        """Why it is of no more use; None while it is."""

    @classmethod
    async def start(
        cls, tenant: Tenant, executable: str, *, memory_limit_mb: int, own_sandbox: bool
    ) -> ManagedBrowser:
        """Start Chromium in a tenant. Raises SandboxStartError, SandboxCrashedError; then nothing of it is left."""
        managed = cls(tenant, memory_limit_mb)
        try:
            async with asyncio.timeout(BROWSER_START_TIMEOUT_MS / 1000):
                await managed._launch(executable, own_sandbox=own_sandbox)
        except TimeoutError:
            await managed.aclose()
            raise SandboxStartError(
                f"the browser did not start within {BROWSER_START_TIMEOUT_MS / 1000:g} s"
            ) from None
        except BaseException:
            await managed.aclose()
            raise
        return managed

    async def _launch(self, executable: str, *, own_sandbox: bool) -> None:
        from playwright.async_api import Error

        arguments = list(_ARGUMENTS)
        options: dict[str, Any] = {}
        if self._proxy is not None:
            arguments.append(f"--ignore-certificate-errors-spki-list={TRUSTED_KEY_HASH}")
            options["proxy"] = {"server": f"http://127.0.0.1:{PROXY_PORT}", "bypass": "<-loopback>"}
        try:
            playwright = await self._driver.open(self._tenant.take_channel())
            self.browser = await playwright.chromium.launch(
                executable_path=executable,
                chromium_sandbox=own_sandbox,
                args=arguments,
                timeout=BROWSER_START_TIMEOUT_MS,
                **options,
            )
        except Error as error:
            if self.ended is not None:
                raise SandboxCrashedError(self.ended) from None
            _logger.warning("a browser could not be started: %s", error.message)
            raise SandboxStartError(
                f"the browser could not be started: {error.message.splitlines()[0]}"
            ) from error
        self.browser.on("disconnected", lambda _: self.kill("the browser has crashed"))

    def on_ended(self, listener: Callable[[str], None]) -> None:
        """Call `listener` once with the reason when the browser is of no more use."""
        self._on_ended.append(listener)

    def use_policy(self, upstream: PolicyUpstream | None) -> None:
        """Let pages reach what this policy allows, from now on; connections under the former one end."""
        if self._proxy is not None:
            self._proxy.use(upstream)

    def kill(self, reason: str) -> None:
        """End the whole tree now. Calls that wait for it fail with `reason`."""
        if self.ended is None:
            self._tenant.kill()
            self._driver.end(reason)

    async def aclose(self) -> None:
        """End the tree, whatever it does, and wait until it is gone (bounded)."""
        self.kill("the browser was closed")
        try:
            if self._proxy is not None:
                await self._proxy.aclose()
            await self._driver.aclose()
        finally:
            await self._tenant.aclose()

    async def _explain(self) -> str:
        """Why the driver went away."""
        await asyncio.wait([self._tenant.exited], timeout=_EXIT_WAIT_S)
        if self._tenant.exited.done():
            report = self._tenant.exited.result()
            if report.reason == "memory":
                return (
                    f"the browser used more than its {self._memory_limit_mb} MB of memory "
                    "(bindings.browser.launch.memory_limit_mb)"
                )
            if report.stderr_tail:
                _logger.info("a browser has ended; it wrote: %s", report.stderr_tail[-2000:])
        return "the browser has ended"

    def _on_end(self, reason: str) -> None:
        self.ended = reason
        self._tenant.kill()
        _tell_closed(self.browser)
        for listener in self._on_ended:
            listener(reason)


def _tell_closed(browser: Any) -> None:
    """Let contexts and pages know that they are closed, as Playwright's own client does for a remote browser."""
    if browser is None:
        return
    for context in list(browser.contexts):
        for page in list(context.pages):
            page._impl_obj._on_close()
        context._impl_obj._on_close()
