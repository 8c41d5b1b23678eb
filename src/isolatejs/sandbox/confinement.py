"""How strict the wall is, and which of its layers hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Confinement = Literal["require", "best_effort", "off"]


@dataclass(frozen=True)
class Layer:
    """One layer of the wall. `reason` says why it is missing, "" when it holds."""

    name: str
    held: bool
    reason: str = ""


@dataclass(frozen=True)
class ConfinementReport:
    """The layers of the wall on this machine, in the order in which they are set up."""

    mode: Confinement
    layers: tuple[Layer, ...] = field(default=())

    @property
    def missing(self) -> tuple[Layer, ...]:
        """The layers that do not hold."""
        return tuple(layer for layer in self.layers if not layer.held)

    def __getitem__(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)
