"""What the host tells the browser launcher once, and where things are in a tenant's root.

A tenant is one driver with one browser. Standard library only, since both sides import this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

PROXY_PORT: Final = 3128
"""Where the host's proxy listens, on loopback of each tenant's own network namespace."""
BROWSER: Final = "/browser"
DRIVER: Final = "/driver"
HOME: Final = "/tmp/home"
PROFILES: Final = "/tmp/profiles"
ERRORS: Final = "/tmp/.errors"
"""What driver and browser write to stderr. It counts against the tenant's disk, so nobody has to read it."""


@dataclass(frozen=True)
class Settings:
    """Where things are on the machine."""

    binds: dict[str, str]
    """Path in the tenant's root -> path on this machine: browser, driver, libraries, fonts. Read-only."""
    files: dict[str, str]
    """Path in the tenant's root -> content of a small file."""
    links: dict[str, str]
    """Path in the tenant's root -> what the symbolic link there says."""
    argv: list[str]
    environment: dict[str, str]
    host_pid: int

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Settings:
        """The `configure` packet as settings."""
        return cls(**{key: value for key, value in message.items() if key != "op"})


@dataclass(frozen=True)
class Limits:
    """What one tenant may use, the whole tree of its processes together."""

    memory_bytes: int
    disk_bytes: int
    tasks: int
    """Processes and threads."""
    processors: int
    """So many of the machine's; 0 for all."""
