"""The ten kinds of frame. Each is a JSON array whose first item is its kind.

`sizes` are the byte lengths of the attachments in order. Call ids and stream ids are chosen by the
side that opens the call or sends the stream: odd ids belong to the guest, even ids to the host.
"""

from __future__ import annotations

import msgspec

from isolatejs.errors import GuestProtocolError
from isolatejs.limits import FRAME_ATTACHMENTS_LIMIT_COUNT

_EMPTY_RAW = msgspec.Raw(b"null")


class _Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    pass


class CallFrame(_Frame, frozen=True, tag=0):
    """Ask for something. `scope` names the request on whose behalf; `sync` wants the reply on the FIFO."""

    id: int
    name: str
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: list[int] = []
    scope: int = 0
    sync: int = 0


class ReplyFrame(_Frame, frozen=True, tag=1):
    """The answer to a call."""

    id: int
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: list[int] = []


class ErrorFrame(_Frame, frozen=True, tag=2):
    """The failure of a call; the payload is an EncodedError."""

    id: int
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: list[int] = []


class NoteFrame(_Frame, frozen=True, tag=3):
    """Tell something; no answer."""

    name: str
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: list[int] = []
    scope: int = 0


class CancelFrame(_Frame, frozen=True, tag=4):
    """The caller no longer wants the answer to its call."""

    id: int


class DataFrame(_Frame, frozen=True, tag=5):
    """Bytes of a stream, within the credit given: the attachments."""

    stream: int


class EndFrame(_Frame, frozen=True, tag=6):
    """A stream ended well."""

    stream: int


class FailFrame(_Frame, frozen=True, tag=7):
    """A stream broke; the payload is an EncodedError."""

    stream: int
    payload: msgspec.Raw = _EMPTY_RAW


class CreditFrame(_Frame, frozen=True, tag=8):
    """The reader of a stream can take `size` more bytes."""

    stream: int
    size: int


class StopFrame(_Frame, frozen=True, tag=9):
    """The reader of a stream wants no more of it."""

    stream: int


Frame = (
    CallFrame
    | ReplyFrame
    | ErrorFrame
    | NoteFrame
    | CancelFrame
    | DataFrame
    | EndFrame
    | FailFrame
    | CreditFrame
    | StopFrame
)

_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_encoder = msgspec.json.Encoder()
encode_header = _encoder.encode


def decode_header(header: memoryview | bytes) -> Frame:
    """Decode one frame header. Raises GuestProtocolError for anything that is no frame."""
    try:
        return _decoder.decode(header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise GuestProtocolError(f"not a frame: {error}") from None


def split_attachments(data: memoryview, sizes: list[int]) -> list[memoryview]:
    """Cut the attachment bytes by `sizes`. Raises GuestProtocolError when they do not add up."""
    if not sizes:
        if len(data):
            raise GuestProtocolError(f"{len(data)} attachment bytes that no size announces")
        return []
    if len(sizes) > FRAME_ATTACHMENTS_LIMIT_COUNT:
        raise GuestProtocolError(f"{len(sizes)} attachments (limit {FRAME_ATTACHMENTS_LIMIT_COUNT})")
    parts: list[memoryview] = []
    offset = 0
    for size in sizes:
        if size < 0:
            raise GuestProtocolError("an attachment of negative size")
        parts.append(data[offset : offset + size])
        offset += size
    if offset != len(data):
        raise GuestProtocolError(f"attachments of {offset} bytes announced, {len(data)} received")
    return parts
