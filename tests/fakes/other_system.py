"""Stands for the module `sys` on another system."""

from __future__ import annotations

import sys
from typing import Any


class OtherSystem:
    """`sys` with another platform."""

    def __init__(self, platform: str) -> None:
        self.platform = platform

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)
