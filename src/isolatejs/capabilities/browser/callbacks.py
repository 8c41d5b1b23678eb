"""Functions of a program that the host calls, and the patterns that it matches for the host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.browser.contract import MatchUrls, UrlQuestion
from isolatejs.capabilities.browser.listening import contained
from isolatejs.errors import GuestProtocolError, RuntimeDisposedError
from isolatejs.limits import BROWSER_QUESTIONS_LIMIT

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.host import BrowserHost


class ProgramCallback:
    """A function of the program that Playwright calls: route handlers, exposed functions."""

    def __init__(self, host: BrowserHost, number: int) -> None:
        self.host = host
        """Of the program's latest acquire."""
        self._number = number

    async def __call__(self, *args: Any) -> Any:
        return await self.host.run_callback(self._number, args)

    def as_listener(self) -> Callable[..., Any]:
        """As a function whose errors are those of a listener: the program's own, and nobody's else."""

        async def listener(*args: Any) -> Any:
            return await self.host.run_callback(self._number, args, is_listener=True)

        return contained(listener)


class UrlMatching:
    """Asks the guest which patterns take a URL. What is asked in one turn of the loop is asked in one message."""

    def __init__(self, host: BrowserHost) -> None:
        self._host = host
        self._asked: list[tuple[UrlQuestion, asyncio.Future[frozenset[int]]]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def match(self, url: str, routes: Sequence[int]) -> frozenset[int]:
        """Those of the numbers whose patterns take the URL. Raises when the program is not there."""
        if not self._host.is_connected:
            raise RuntimeDisposedError("the program is not there now")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[frozenset[int]] = loop.create_future()
        self._asked.append((UrlQuestion(url, tuple(routes)), answer))
        if len(self._asked) == 1:
            loop.call_soon(self._start)
        return await answer

    def _start(self) -> None:
        batch, self._asked = self._asked[:BROWSER_QUESTIONS_LIMIT], self._asked[BROWSER_QUESTIONS_LIMIT:]
        if self._asked:
            asyncio.get_running_loop().call_soon(self._start)
        task = asyncio.ensure_future(self._ask(batch))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, batch: list[tuple[UrlQuestion, asyncio.Future[frozenset[int]]]]) -> None:
        try:
            matched = await self._host.ask_urls(MatchUrls([question for question, _ in batch]))
            if len(matched) != len(batch):
                raise GuestProtocolError("an answer about URLs that does not fit the question")
        except Exception as error:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (question, answer), numbers in zip(batch, matched, strict=True):
            if not answer.done():
                answer.set_result(frozenset(question.routes) & frozenset(numbers))

    def close(self) -> None:
        """Nobody answers any more."""
        for task in self._asking:
            task.cancel()
        for _, answer in self._asked:
            answer.cancel()
