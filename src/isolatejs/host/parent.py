"""What a runtime that a program created knows of the runtime above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime


@dataclass(slots=True)
class Parent:
    """The runtime whose program creates another one through its nested host.

    `live` is another one when the parent is a session that was put aside and taken up again. `tree_memory_mb` is what
    the parent and all below it may use together.
    """

    live: LiveRuntime
    tree_memory_mb: int
