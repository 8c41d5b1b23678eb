"""What the host tells the launcher once, at its start. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Where things are on the machine, and how strict to be."""

    engine: str
    """Path of the engine binary."""
    libraries: tuple[str, ...]
    """Shared libraries and the loader, by the path under which the engine looks for them."""
    image: dict[str, str]
    """Files of the guest image: path below /isolatejs -> path on this machine."""
    confinement: str
    """require, best_effort or off."""
    host_pid: int

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Settings:
        """The `configure` packet as settings."""
        fields = {key: value for key, value in message.items() if key != "op"}
        fields["libraries"] = tuple(fields["libraries"])
        return cls(**fields)
