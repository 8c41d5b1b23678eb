"""What an embedder says about managed browsers: `launch=True`, a dict of these options, or a BrowserPool."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, get_args

from isolatejs.errors import ConfigurationError
from isolatejs.limits import (
    BROWSER_DISK_LIMIT_MB,
    BROWSER_MEMORY_LIMIT_MB,
    BROWSER_MEMORY_MINIMUM_MB,
    BROWSER_POOL_SIZE,
    BROWSER_TASKS_LIMIT,
    MEMORY_LIMIT_MAXIMUM_MB,
)

Network = Literal["policy", "host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How managed browsers are started, and what one of them may use: all of its processes together.

    `executable_path` is the program file of a Chromium; None finds Playwright's own, else one on PATH. `size`
    browsers wait warm. `memory_limit_mb` counts anonymous and shared memory, `disk_limit_mb` profile, downloads and
    shared memory, `tasks_limit` processes and threads; `processors` is the number of them that it may use, 0 for
    all. `network` is "policy" (only what the fetch policy allows can be reached; without a policy, public addresses)
    or "host" (whatever this machine reaches).
    """

    executable_path: str | os.PathLike[str] | None = None
    size: int = BROWSER_POOL_SIZE
    memory_limit_mb: int = BROWSER_MEMORY_LIMIT_MB
    disk_limit_mb: int = BROWSER_DISK_LIMIT_MB
    tasks_limit: int = BROWSER_TASKS_LIMIT
    processors: int = 0
    network: Network = "policy"

    def __post_init__(self) -> None:
        if self.executable_path is not None and not isinstance(self.executable_path, (str, os.PathLike)):
            raise ConfigurationError(
                f"browser.launch.executable_path: a path, not {self.executable_path!r:.80}"
            )
        if self.network not in get_args(Network):
            raise ConfigurationError(f'browser.launch.network: "policy" or "host", not {self.network!r:.80}')
        for name, least, most in (
            ("size", 0, 64),
            ("memory_limit_mb", BROWSER_MEMORY_MINIMUM_MB, MEMORY_LIMIT_MAXIMUM_MB),
            ("disk_limit_mb", 16, MEMORY_LIMIT_MAXIMUM_MB),
            ("tasks_limit", 128, 32_768),
            ("processors", 0, 4_096),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ConfigurationError(
                    f"browser.launch.{name}: an int from {least} to {most}, not {value!r:.80}"
                )
