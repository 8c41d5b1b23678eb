"""One request that a program is answering, and its body on the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isolatejs.channel.current_call import current_call
from isolatejs.web import AbortController, AbortSignal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from isolatejs.web import BodyStream

__all__ = ["OpenRequest", "RequestBody"]


class OpenRequest:
    """A request by its number, and what calls on its behalf carry.

    Its signal is made when somebody first asks for it. `upload` is the stream of its body, if it has one. `origin` is
    the guest's call that the host was handling when it came.
    """

    __slots__ = (
        "_controller",
        "_metadata",
        "_reason",
        "_request_id",
        "_runtime_signal",
        "_signal",
        "aborted",
        "number",
        "origin",
        "upload",
    )

    def __init__(
        self,
        number: int,
        request_id: str | None,
        metadata: Mapping[str, Any],
        runtime_signal: AbortSignal,
        upload: int | None = None,
    ) -> None:
        self.number = number
        self.origin = current_call.get()
        self.upload = upload
        self.aborted = False
        self._request_id = request_id
        self._metadata = metadata
        self._runtime_signal = runtime_signal
        self._controller: AbortController | None = None
        self._signal: AbortSignal | None = None
        self._reason: object = None

    @property
    def request_id(self) -> str | None:
        """As given to `handle()`."""
        return self._request_id

    @property
    def metadata(self) -> Mapping[str, Any]:
        """As given to `handle()`."""
        return self._metadata

    @property
    def signal(self) -> AbortSignal:
        """Aborts when the request is no longer wanted, or its sandbox ends."""
        if self._signal is None:
            self._controller = AbortController()
            if self.aborted:
                self._controller.abort(self._reason)
            self._signal = AbortSignal.any([self._controller.signal, self._runtime_signal])
        return self._signal

    def abort(self, reason: object = None) -> None:
        """Nobody wants the answer any more."""
        if self.aborted:
            return
        self.aborted, self._reason = True, reason
        if self._controller is not None:
            self._controller.abort(reason)


class RequestBody:
    """A streamed body on its way to the guest. `touched` says whether any of it was taken."""

    __slots__ = ("_source", "touched")

    def __init__(self, source: BodyStream) -> None:
        self._source = source
        self.touched = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.touched = True
        return self._source

    async def aclose(self) -> None:
        """Free what stands behind the body, unless nothing was taken of it: then it can be sent once more."""
        if self.touched:
            await self._source.aclose()
