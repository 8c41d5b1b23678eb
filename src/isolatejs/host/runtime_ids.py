"""Names of runtimes. Programs and messages hold them, so they say nothing of the process."""

from __future__ import annotations

import itertools
import os
import secrets

_PREFIX_BYTES = 6
"""Sessions of nested hosts in a daemon go by these names: two processes must not have the same."""
_numbers = itertools.count(1)
_prefix = secrets.token_hex(_PREFIX_BYTES)


def new_runtime_id() -> str:
    """`rt_`, what is random per process, and a count."""
    return f"rt_{_prefix}_{next(_numbers)}"


def _renew() -> None:
    global _prefix
    _prefix = secrets.token_hex(_PREFIX_BYTES)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
