"""What the host tells the launcher once, at its start, and what every engine is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

THREADS_LIMIT = 128
"""The engine itself has 5, and some more for work that blocks."""
ENVIRONMENT = {
    # A path that cannot exist: filling a cache costs 3 ms a start, and it would be something to write to.
    "DENO_DIR": "/dev/null/none",
    "DENO_NO_UPDATE_CHECK": "1",
    "NO_COLOR": "1",
    "TZ": "UTC",
    "LANG": "en_US.UTF-8",
    # Buffers of streams are given back to the system when V8 frees them: left to itself, malloc keeps them in
    # its arenas, and a program that streams 100 MB held 85 MB instead of 30.
    "MALLOC_MMAP_THRESHOLD_": "65536",
}
"""All that an engine finds in its environment."""


@dataclass(frozen=True)
class Settings:
    """Where things are on the machine, and how strict to be."""

    engine: str
    """Path of the engine binary."""
    libraries: tuple[str, ...]
    """Shared libraries and the loader, by the path under which the engine looks for them."""
    image: dict[str, str]
    """Files of the guest image: path below /isolatejs -> path on this machine."""
    cache: dict[str, str]
    """Files of the engine's cache of that image: name -> path on this machine; {} for none."""
    confinement: str
    """require, best_effort or off."""
    host_pid: int

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Settings:
        """The `configure` packet as settings."""
        fields = {key: value for key, value in message.items() if key != "op"}
        fields["libraries"] = tuple(fields["libraries"])
        return cls(**fields)
