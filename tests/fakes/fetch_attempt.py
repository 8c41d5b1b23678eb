"""One forbidden request of a program, and how it ends."""

from __future__ import annotations

from typing import Any


async def attempt(runtime: Any, url: str, init: str = "{}") -> str:
    """The message of the error that fetching `url` ends with; fails when it gets an answer."""
    outcome = await runtime.eval(f"""
        await fetch({url!r}, {init})
          .then(async (r) => ["answered", r.status, await r.text()], (e) => [e.name, e.message])
    """)
    assert outcome[0] == "TypeError", outcome
    assert isinstance(outcome[1], str)
    return outcome[1]
