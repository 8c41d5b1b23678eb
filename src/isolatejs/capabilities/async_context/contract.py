"""Async context lives in the sandbox alone: no message crosses."""

from __future__ import annotations

TO_HOST = ()
TO_GUEST = ()
