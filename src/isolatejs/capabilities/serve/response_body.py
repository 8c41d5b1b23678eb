"""The streamed body of a response, from the sandbox to whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from isolatejs.errors import GuestProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.serve.host import ServeHost
    from isolatejs.capabilities.serve.open_request import OpenRequest
    from isolatejs.channel.streams import ByteStream
    from isolatejs.web import AbortSignal

__all__ = ["ResponseBody"]


class ResponseBody:
    """The bytes of a streamed response. Read to its end, or closed, it ends its request."""

    __slots__ = ("_error", "_left", "_request", "_serve", "_stream", "_unfollow")

    def __init__(
        self,
        stream: ByteStream,
        serve: ServeHost,
        request: OpenRequest,
        signal: AbortSignal | None,
        length: int | None,
    ) -> None:
        self._stream = stream
        self._left = length
        self._serve: ServeHost | None = serve
        self._request = request
        self._error: Exception | None = None
        self._unfollow: Callable[[], None] | None = None
        if signal is not None:
            channel = serve.channel
            self._unfollow = signal.add_listener(
                lambda aborted: channel.call_soon(lambda: self.stop(aborted.to_error()))
            )

    def __aiter__(self) -> ResponseBody:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._stream.__anext__()
            if self._left is not None:
                self._left -= len(chunk)
                if self._left < 0:
                    self._lied()
            return chunk
        except StopAsyncIteration:
            if self._left and self._serve is not None:
                self._lied()
            serve = self._over()
            if serve is not None:
                serve.body_read(self._request)
            if self._error is not None:
                raise self._error from None
            raise
        except BaseException:
            self.stop()
            raise

    def _lied(self) -> NoReturn:
        """The announced length may stand in a header already: a reader must not take this for complete."""
        error = GuestProtocolError("a response body that does not have its announced length")
        serve = self._over()
        if serve is not None:
            serve.body_dropped(self._request)
            serve.channel.close(error)
        raise error

    def stop(self, error: Exception | None = None) -> None:
        """Read no further. Whoever still reads gets `error`; the program's request is aborted."""
        serve = self._over()
        if serve is not None:
            self._error = error
            serve.body_dropped(self._request)  # its signal first, then its stream
            self._stream.stop()

    def _over(self) -> ServeHost | None:
        serve, self._serve = self._serve, None
        unfollow, self._unfollow = self._unfollow, None
        if unfollow is not None:
            unfollow()
        return serve

    async def aclose(self) -> None:
        """Stop reading."""
        self.stop()

    def __del__(self) -> None:
        serve = self._serve
        if serve is not None:
            serve.channel.call_soon(self.stop)
