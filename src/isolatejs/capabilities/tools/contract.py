"""Calling the embedder's tools."""

from __future__ import annotations

from isolatejs.wire.message import Call, EncodedValue


class CallTool(Call, frozen=True):
    """Call a tool by its dotted path with an encoded array of arguments; answered with its value."""

    path: str
    args: EncodedValue


TO_HOST = (CallTool,)
TO_GUEST = ()
