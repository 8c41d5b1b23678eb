"""A host, a loopback server and runtimes for each test."""

from __future__ import annotations

from fakes.fetch_runtimes import host, open_runtime, server

__all__ = ["host", "open_runtime", "server"]
