"""What a runtime that a program created knows of the runtime above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import BrowserGrant
    from isolatejs.host.live_runtime import LiveRuntime


@dataclass(frozen=True, slots=True)
class Parent:
    """The runtime whose program creates another one through its nested host.

    `tree_memory_mb` is what the parent and all below it may use together. `browser` is the grant that the child
    gets when its program hands its browser on: the parent's own, with its fetch policy and its files.
    """

    live: LiveRuntime
    tree_memory_mb: int
    browser: BrowserGrant | None = None
