"""The browser pools of one host: one for each way in which its runtimes ask for managed browsers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError
from isolatejs.host.options import coerce_options

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.managed.options import LaunchOptions
    from isolatejs.capabilities.browser.managed.pool import BrowserPool


class HostBrowsers:
    """Pools by their options. They end with the host; a BrowserPool of the embedder's does not."""

    def __init__(self) -> None:
        self._pools: dict[LaunchOptions, BrowserPool] = {}

    def pool_for(self, launch: Any) -> BrowserPool:
        """The pool that `browser.launch` means, which begins to fill. Raises ConfigurationError."""
        from isolatejs.capabilities.browser.managed.options import LaunchOptions
        from isolatejs.capabilities.browser.managed.pool import BrowserPool

        if isinstance(launch, BrowserPool):
            pool = launch
        else:
            if launch is not True and not isinstance(launch, (Mapping, LaunchOptions)):
                raise ConfigurationError(
                    f"browser.launch: True, a dict, or a BrowserPool, not {type(launch).__name__}"
                )
            options = coerce_options(LaunchOptions, {} if launch is True else launch, "browser.launch")
            if options not in self._pools:
                fields = {name: getattr(options, name) for name in options.__slots__}
                self._pools[options] = BrowserPool(**fields)
            pool = self._pools[options]
        pool.prepare()
        return pool

    async def aclose(self) -> None:
        """End every browser of this host's own pools."""
        pools, self._pools = self._pools, {}
        await asyncio.gather(*(pool.aclose() for pool in pools.values()))
