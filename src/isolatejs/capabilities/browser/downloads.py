"""What a browser downloaded: it comes in pieces from the driver, which may be on another file system."""

from __future__ import annotations

from typing import Any

from isolatejs.limits import BROWSER_FILE_LIMIT_BYTES
from isolatejs.wire.errors import GuestVisibleError


async def content_of(download: Any) -> bytes:
    """The bytes of a finished download. Raises when it is larger than a file may be, before all of it is read."""
    stream = await download._impl_obj._artifact.create_read_stream()
    pieces: list[bytes] = []
    total = 0
    try:
        async for piece in stream:
            total += len(piece)
            if total > BROWSER_FILE_LIMIT_BYTES:
                raise GuestVisibleError(
                    "Error", f"the download is larger than {BROWSER_FILE_LIMIT_BYTES} bytes"
                )
            pieces.append(piece)
    finally:
        stream.destroy()
    return b"".join(pieces)
