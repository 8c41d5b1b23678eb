"""Routes of programs. Which requests one takes is matched in the guest; Playwright is only told that there are routes.

No pattern of a program reaches Playwright for Python or its driver: both would run it, and stand still for all of
their users. Every request of a page or context that has routes comes here, and the guest is asked.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from isolatejs.capabilities.browser.listening import contained, settle
from isolatejs.errors import GuestError, IsolateError, QuotaExceededError
from isolatejs.limits import BROWSER_ROUTES_LIMIT
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.callbacks import ProgramCallback
    from isolatejs.capabilities.browser.page_policies import PagePolicies

_logger = program_logger("isolatejs.browser")


def every_url(url: str) -> bool:
    """The pattern that Playwright gets: a function, so that it asks its driver for all requests."""
    return True


class ProgramRoute:
    """One `route()` or `routeWebSocket()` of a program. `number` is the guest's."""

    def __init__(
        self, target: Any, number: int, handler: ProgramCallback, is_predicate: bool, times: int | None
    ) -> None:
        self.target = target
        self.number = number
        self.handler = handler
        self.is_predicate = is_predicate
        self.left = times
        self.running: set[asyncio.Future[Any]] = set()
        self.run: Any = None
        """What Playwright was given."""


class RouteTable:
    """The routes of one session, oldest first."""

    def __init__(self, policies: PagePolicies) -> None:
        self._policies = policies
        self._routes: list[ProgramRoute] = []
        self._sockets: dict[Any, list[ProgramRoute]] = {}
        self._asked: WeakKeyDictionary[
            Any, dict[tuple[str, int], tuple[frozenset[int], asyncio.Future[frozenset[int]]]]
        ] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._routes) + sum(map(len, self._sockets.values()))

    def _new(self, target: Any, args: list[Any], method: str) -> ProgramRoute:
        if len(self) >= BROWSER_ROUTES_LIMIT:
            raise QuotaExceededError(
                f"more than {BROWSER_ROUTES_LIMIT} routes of the browser",
                limit="browser_routes",
                value=BROWSER_ROUTES_LIMIT,
            )
        handler = args[0] if args else None
        options = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        number, times = options.get("number"), options.get("times")
        if not callable(handler) or type(number) is not int:
            raise GuestVisibleError("TypeError", f"{method}: the handler is not a function")
        if times is not None and (not isinstance(times, (int, float)) or not 0 < times < 2**53):
            raise GuestVisibleError("TypeError", f"{method}: times is a number from 1 up")
        return ProgramRoute(
            target, number, handler, options.get("isPredicate") is True, None if times is None else int(times)
        )

    # --- requests ----------------------------------------------------------------------------------
    async def add(self, target: Any, args: list[Any]) -> None:
        """`target.route(...)`."""
        entry = self._new(target, args, "route")

        async def run(route: Any, _: Any) -> None:
            running = asyncio.ensure_future(self._run(entry, route))
            entry.running.add(running)
            running.add_done_callback(entry.running.discard)
            await running

        entry.run = contained(run)
        self._routes.append(entry)
        await target.route(every_url, entry.run)

    async def _run(self, entry: ProgramRoute, route: Any) -> None:
        try:
            if entry not in self._routes or not await self._takes(entry, route.request):
                await settle(route.fallback())
                return
            if entry.left is not None:
                entry.left -= 1
                if entry.left == 0:
                    self._routes.remove(entry)
            await entry.handler(route, route.request)
        except GuestError as error:
            _logger.warning("a route handler of the program failed: %.300s", error.message)
            await settle(route.abort())
        except IsolateError:  # the program is gone, the page is not
            await settle(route.fallback())
        finally:
            if entry.left == 0:
                await settle(entry.target.unroute(every_url, entry.run))

    async def _takes(self, entry: ProgramRoute, request: Any) -> bool:
        """Whether the route's pattern fits. Patterns of a page and its context are asked for together."""
        owner, url = entry.handler.host, str(request.url)
        if entry.is_predicate:
            return entry.number in await owner.match_url(url, [entry.number])
        known = self._asked.setdefault(request, {})
        numbers, answer = known.get((url, id(owner)), (frozenset(), None))
        if answer is None or entry.number not in numbers:
            targets = (entry.target, getattr(entry.target, "context", None))
            numbers = frozenset(
                one.number
                for one in self._routes
                if one.target in targets and not one.is_predicate and one.handler.host is owner
            ) | {entry.number}
            answer = asyncio.ensure_future(owner.match_url(url, sorted(numbers)))
            known[url, id(owner)] = (numbers, answer)
        return entry.number in await asyncio.shield(answer)

    async def remove(self, target: Any, args: list[Any]) -> None:
        """`target.unroute(...)`: by the guest's numbers, and whether to wait for handlers that run."""
        numbers = set(args[0]) if args and isinstance(args[0], list) else set()
        for entry in [one for one in self._routes if one.target == target and one.number in numbers]:
            self._routes.remove(entry)
            await target.unroute(every_url, entry.run)
            if len(args) > 1 and args[1] == "wait" and entry.running:
                await asyncio.wait(entry.running)
        sockets = self._sockets.get(target, [])
        sockets[:] = [one for one in sockets if one.number not in numbers]

    # --- WebSockets --------------------------------------------------------------------------------
    async def add_web_socket(self, target: Any, args: list[Any]) -> None:
        """`target.routeWebSocket(...)`: Playwright gets one handler for each page or context."""
        entry = self._new(target, args, "routeWebSocket")
        if target in self._sockets:
            self._sockets[target].append(entry)
            return
        self._sockets[target] = [entry]

        async def run(socket: Any) -> None:
            await self._run_web_socket(target, socket)

        await target.route_web_socket(every_url, contained(run))

    async def _run_web_socket(self, target: Any, socket: Any) -> None:
        owners = (getattr(target, "context", None), target)
        entries = [entry for owner in owners for entry in self._sockets.get(owner, ())]
        for entry in reversed(entries):
            try:
                if entry.number not in await entry.handler.host.match_url(socket.url, [entry.number]):
                    continue
                await entry.handler(socket)
            except GuestError as error:
                _logger.warning("a WebSocket handler of the program failed: %.300s", error.message)
                await settle(socket.close())
            except IsolateError:  # the program is gone, the page is not
                continue
            return
        if self._policies.web_sockets:
            socket.connect_to_server()
        else:
            await settle(socket.close(code=1008, reason="WebSockets are not allowed"))

    # --- the end -----------------------------------------------------------------------------------
    def forget(self, target: Any) -> None:
        """The page or context is closed."""
        self._routes[:] = [entry for entry in self._routes if entry.target != target]
        self._sockets.pop(target, None)

    async def leave(self, host: object) -> None:
        """The runtime is gone, its pages are not: they go on without its routes."""
        for entry in [one for one in self._routes if one.handler.host is host]:
            self._routes.remove(entry)
            await settle(entry.target.unroute(every_url, entry.run))
        for sockets in self._sockets.values():
            sockets[:] = [one for one in sockets if one.handler.host is not host]
