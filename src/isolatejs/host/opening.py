"""Something that is opened with `await` or with `async with`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Opening(Awaitable[T], Generic[T]):
    """What `create_...()` returns: await it for the object, or use it in `async with`, which closes it."""

    __slots__ = ("_close", "_open", "_opened")

    def __init__(
        self, open: Callable[[], Coroutine[Any, Any, T]], close: Callable[[T], Awaitable[None]]
    ) -> None:
        self._open = open
        self._close = close
        self._opened: T | None = None

    def __await__(self) -> Generator[Any, None, T]:
        return self._open().__await__()

    async def __aenter__(self) -> T:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._close(self._opened)
