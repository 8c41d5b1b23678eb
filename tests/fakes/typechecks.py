"""`typecheck` for tests that all trust each other: they share one warm checker."""

from __future__ import annotations

import functools

import isolatejs

TENANT = "tests"
typecheck = functools.partial(isolatejs.typecheck, tenant=TENANT, timeout_ms=60_000)
typecheck_async = functools.partial(isolatejs.typecheck_async, tenant=TENANT, timeout_ms=60_000)
