"""The ten kinds of frame. Each is a JSON array whose first item is its kind.

`sizes` are the byte lengths of the attachments in order. Call ids and stream ids are chosen by the
side that opens the call or sends the stream: odd ids belong to the guest, even ids to the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from isolatejs.errors import GuestProtocolError
from isolatejs.limits import FRAME_ATTACHMENTS_LIMIT_COUNT
from isolatejs.web.preview import cut
from isolatejs.wire.message import Number

if TYPE_CHECKING:
    from collections.abc import Iterable

_EMPTY_RAW = msgspec.Raw(b"null")
Sizes = Annotated[list[Number], msgspec.Meta(max_length=FRAME_ATTACHMENTS_LIMIT_COUNT)]


class _Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    pass


class CallFrame(_Frame, frozen=True, tag=0):
    """Ask for something. `scope` names the request on whose behalf; `sync` wants the reply on the FIFO."""

    id: Number
    name: str
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: Sizes = []
    scope: Number = 0
    sync: Number = 0


class ReplyFrame(_Frame, frozen=True, tag=1):
    """The answer to a call."""

    id: Number
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: Sizes = []


class ErrorFrame(_Frame, frozen=True, tag=2):
    """The failure of a call; the payload is an EncodedError."""

    id: Number
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: Sizes = []


class NoteFrame(_Frame, frozen=True, tag=3):
    """Tell something; no answer."""

    name: str
    payload: msgspec.Raw = _EMPTY_RAW
    sizes: Sizes = []
    scope: Number = 0


class CancelFrame(_Frame, frozen=True, tag=4):
    """The caller no longer wants the answer to its call."""

    id: Number


class DataFrame(_Frame, frozen=True, tag=5):
    """Bytes of a stream, within the credit given: the attachments."""

    stream: Number


class EndFrame(_Frame, frozen=True, tag=6):
    """A stream ended well."""

    stream: Number


class FailFrame(_Frame, frozen=True, tag=7):
    """A stream broke; the payload is an EncodedError."""

    stream: Number
    payload: msgspec.Raw = _EMPTY_RAW


class CreditFrame(_Frame, frozen=True, tag=8):
    """The reader of a stream can take `size` more bytes."""

    stream: Number
    size: Number


class StopFrame(_Frame, frozen=True, tag=9):
    """The reader of a stream wants no more of it."""

    stream: Number


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
        raise GuestProtocolError(f"not a frame: {cut(str(error))}") from None


class Attachments(list[memoryview]):
    """The attachments of one frame. Each becomes one `bytes` and one `str` at most, however often the values of the
    frame name it: copies for each mention would be a thousand times the frame."""

    __slots__ = ("_bytes", "_texts")

    def __init__(self, parts: Iterable[memoryview] = ()) -> None:
        super().__init__(parts)
        self._bytes: dict[int, bytes] = {}
        self._texts: dict[int, str] = {}

    def data(self, index: int) -> bytes:
        """The bytes of an attachment. Raises IndexError when there is none."""
        data = self._bytes.get(index)
        if data is None:
            part = self[index]
            whole = part.obj
            data = whole if type(whole) is bytes and len(whole) == part.nbytes else bytes(part)
            self._bytes[index] = data
        return data

    def text(self, index: int) -> str:
        """An attachment that is UTF-16, as text."""
        text = self._texts.get(index)
        if text is None:
            text = self._texts[index] = self.data(index).decode("utf-16-le", "surrogatepass")
        return text


def split_attachments(data: memoryview, sizes: list[Number]) -> Attachments:
    """Cut the attachment bytes by `sizes`. Raises GuestProtocolError when they do not add up."""
    if not sizes:
        if len(data):
            raise GuestProtocolError(f"{len(data)} attachment bytes that no size announces")
        return Attachments()
    parts = Attachments()
    offset = 0
    for size in sizes:
        parts.append(data[offset : offset + size])
        offset += size
    if offset != len(data):
        raise GuestProtocolError(f"attachments of {offset} bytes announced, {len(data)} received")
    return parts
