"""Warm checkers: each serves one runtime and dies with it; one that nobody has used is kept ready.

A process that has read one tenant's text never serves another: nothing of a program can reach the check of
another one, whatever it has done to the checker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import re
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from isolatejs.errors import IsolateError, RuntimeDisposedError
from isolatejs.limits import (
    TYPECHECKER_IDLE_S,
    TYPECHECKERS_IDLE_LIMIT,
    TYPECHECKS_AT_ONCE_LIMIT,
)
from isolatejs.typechecking.language_server import CheckFailedError, LanguageServer
from isolatejs.typechecking.lines import lines_of
from isolatejs.typechecking.packages import package_files
from isolatejs.typechecking.scopes import ScopeConfig, scope_files
from isolatejs.typechecking.source_files import well_formed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from isolatejs.sandbox.provider import SandboxProvider
    from isolatejs.typechecking.lines import Line
    from isolatejs.typechecking.server_messages import Item
    from isolatejs.typechecking.source_files import SourceFile

FILE_DELETED: Final = 3
"""As the Language Server Protocol counts changes of files."""
SCOPES_LIMIT: Final = 16
"""Configurations that one process holds, 5-20 MB each; then it is started again."""

_REFERENCE: Final = re.compile(r"(///\s*+<)reference(?=\s)", re.IGNORECASE)
"""A directive that would load a file or another library into the check."""
_WARM_UP: Final = ScopeConfig("declare const ready: true;")
_logger = logging.getLogger("isolatejs.typecheck")


@dataclass(frozen=True)
class FileReport:
    """What the server says about one file, untranslated. `items` is None when it failed on this input."""

    file: SourceFile
    items: Sequence[Item] | None
    places: tuple[tuple[str, str], ...] = ()
    """Paths of the checker's directory, and what they are called in what the program is told."""

    def lines(self, items: Iterable[Item]) -> dict[int, Line]:
        """The lines of the file that these items speak of, by their 0-based number."""
        return lines_of(self.file.text, (item.range.start.line for item in items))


class Checkers:
    """The checkers of one provider. Belongs to the provider's event loop."""

    def __init__(self, provider: SandboxProvider) -> None:
        self._provider = provider
        self._spare: asyncio.Task[LanguageServer | None] | None = None
        self._spare_ends: asyncio.TimerHandle | None = None
        self._idle: dict[Checker, asyncio.TimerHandle] = {}
        self._busy = asyncio.Semaphore(TYPECHECKS_AT_ONCE_LIMIT)
        self._ending: set[asyncio.Task[None]] = set()
        self._servers: weakref.WeakSet[LanguageServer] = weakref.WeakSet()
        self._closed = False

    def checker(self) -> Checker:
        """A checker for one runtime, or for one program; the caller closes it."""
        return Checker(self)

    async def close(self) -> None:
        """End the spare and every idle checker."""
        self._closed = True
        for checker in list(self._idle):
            checker.end()
        spare = self._take_spare()
        if spare is not None:
            spare.cancel()
            (server,) = await asyncio.gather(spare, return_exceptions=True)
            if isinstance(server, LanguageServer):
                await server.close()
        while self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)

    def kill(self) -> None:
        """Kill every process at once, from any thread."""
        for server in list(self._servers):
            server.sandbox.kill()

    # --- for Checker -------------------------------------------------------------------------------
    @contextlib.asynccontextmanager
    async def turn(self, checker: Checker) -> AsyncIterator[None]:
        """Wait for a turn: each checker waits for one at most, so runtimes take turns."""
        async with self._busy:
            timer = self._idle.pop(checker, None)
            if timer is not None:
                timer.cancel()
            yield
        if self._closed:
            checker.end()
        elif checker.is_warm:
            loop = asyncio.get_running_loop()
            self._idle[checker] = loop.call_later(TYPECHECKER_IDLE_S, checker.end)
            while len(self._idle) > TYPECHECKERS_IDLE_LIMIT:
                next(iter(self._idle)).end()

    def forget(self, checker: Checker) -> None:
        """It has no process any more that could be idle."""
        timer = self._idle.pop(checker, None)
        if timer is not None:
            timer.cancel()

    async def take(self) -> LanguageServer:
        """A process that nobody has used, and another one in the making. Raises like `LanguageServer.start`."""
        if self._closed:
            raise RuntimeDisposedError("the host is closed")
        spare = self._take_spare()
        server = None if spare is None else await spare
        if server is None or server.has_ended:
            server = await self._start()
        self._make_spare()
        return server

    def end_soon(self, server: LanguageServer) -> None:
        """End a process in the background; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(server.close(), name="isolatejs-end-checker")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _start(self) -> LanguageServer:
        server = await LanguageServer.start(self._provider)
        self._servers.add(server)
        return server

    def _make_spare(self) -> None:
        if self._spare is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._spare = loop.create_task(self._start_spare(), name="isolatejs-spare-checker")
            self._spare_ends = loop.call_later(TYPECHECKER_IDLE_S, self._end_spare)

    def _take_spare(self) -> asyncio.Task[LanguageServer | None] | None:
        spare, self._spare = self._spare, None
        if self._spare_ends is not None:
            self._spare_ends.cancel()
        return spare

    def _end_spare(self) -> None:
        """Nobody has needed it for long: the next check starts without."""
        spare = self._take_spare()
        if spare is not None and spare.done() and not spare.cancelled():
            server = spare.result()
            if server is not None:
                self.end_soon(server)
        elif spare is not None:
            spare.cancel()

    async def _start_spare(self) -> LanguageServer | None:
        """A warm process, or None: the next check then starts one itself and hears why it cannot."""
        try:
            server = await self._start()
        except (IsolateError, CheckFailedError, TimeoutError, OSError) as error:
            _logger.info("no checker could be started ahead: %s", error)
            return None
        try:
            await _Session(server).check(_WARM_UP, [], [])
        except (CheckFailedError, OSError) as error:
            _logger.info("a checker ended while it was started ahead: %s", error)
            await server.close()
            return None
        except BaseException:
            await server.close()
            raise
        return server


class Checker:
    """The checks of one runtime, one after another, in a process of its own that stays warm."""

    def __init__(self, owner: Checkers) -> None:
        self._owner = owner
        self._session: _Session | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    async def check(
        self,
        config: ScopeConfig,
        files: Sequence[SourceFile],
        report: Sequence[SourceFile],
        timeout_ms: float,
    ) -> list[FileReport]:
        """Diagnostics of the files in `report`, with all of `files` present.

        Raises CheckFailedError when the process dies of this input or does not answer in time,
        RuntimeDisposedError when this was closed, and IsolateError where no sandbox starts.
        """
        deadline = time.monotonic() + timeout_ms / 1000
        try:
            async with asyncio.timeout(timeout_ms / 1000), self._lock, self._owner.turn(self):
                self._check_open()
                try:
                    return await self._check(config, files, report, deadline)
                except BaseException:
                    self.end()  # what state it is in, nobody knows
                    self._check_open()
                    raise
        except TimeoutError:
            raise _took_too_long(timeout_ms) from None
        except CheckFailedError:
            if time.monotonic() < deadline:
                raise
            raise _took_too_long(timeout_ms) from None  # the launcher was first
        except OSError as error:
            raise CheckFailedError(f"its files cannot be laid out: {error.strerror}") from None

    @property
    def is_warm(self) -> bool:
        """Whether it has a process."""
        return self._session is not None

    @property
    def pid(self) -> int | None:
        """The process id of its sandbox while it has one."""
        return None if self._session is None else self._session.server.sandbox.pid

    def close(self) -> None:
        """End it for good; a check that runs fails."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """Kill its process at once; the next check starts another."""
        session, self._session = self._session, None
        self._owner.forget(self)
        if session is not None:
            session.server.sandbox.kill()
            self._owner.end_soon(session.server)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeDisposedError("the runtime was disposed while its program was checked")

    async def _check(
        self,
        config: ScopeConfig,
        files: Sequence[SourceFile],
        report: Sequence[SourceFile],
        deadline: float,
    ) -> list[FileReport]:
        if self._session is not None and (
            self._session.server.has_ended or self._session.must_be_renewed(config)
        ):
            self.end()
        if self._session is None:
            server = await self._owner.take()
            if self._closed:
                self._owner.end_soon(server)
                self._check_open()
            self._session = _Session(server)
        sandbox = self._session.server.sandbox
        sandbox.set_deadline(deadline)  # also while this event loop stands
        reports = await self._session.check(config, files, report)
        sandbox.set_deadline(math.inf)
        return reports


class _Session:
    """What one process knows: its scopes, each a folder of its directory."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self._scopes: set[str] = set()
        self._versions = 0

    def must_be_renewed(self, config: ScopeConfig) -> bool:
        """Whether it holds as many configurations as it may, and this one is new."""
        return len(self._scopes) >= SCOPES_LIMIT and config.key not in self._scopes

    async def check(
        self, config: ScopeConfig, files: Sequence[SourceFile], report: Sequence[SourceFile]
    ) -> list[FileReport]:
        scope = f"scope-{config.key}"
        documents = await asyncio.to_thread(self._lay_out, scope, config, files)
        if config.key not in self._scopes:
            await self.server.open_scope(scope)
            self._scopes.add(config.key)
        self.server.sandbox.wake_watchdog()
        opened: list[str] = []
        for file, uri, text in documents:
            self._versions += 1
            document = {
                "uri": uri,
                "languageId": file.language,
                "version": self._versions,
                "text": text,
            }
            opened.append(uri)
            await self.server.notify("textDocument/didOpen", {"textDocument": document})
        uris = {file.path: uri for file, uri, _ in documents}
        places = self._places(scope, config)
        reports = []
        self.server.begin_check()
        for file in report:
            answer = await self.server.diagnostics(uris[file.path])
            reports.append(FileReport(file, None if answer is None else answer.items, places))
        for uri in opened:
            await self.server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        await asyncio.to_thread(self.server.workspace.remove, f"{scope}/root")
        # Else the next check could still import what only this one had.
        deleted = [{"uri": uri, "type": FILE_DELETED} for uri in opened]
        await self.server.notify("workspace/didChangeWatchedFiles", {"changes": deleted})
        return reports

    def _places(self, scope: str, config: ScopeConfig) -> tuple[tuple[str, str], ...]:
        path = self.server.workspace.path
        names = (
            (f"/{scope}/root/", "/"),
            (f"/{scope}/", "/"),
            (f"/{config.packages_key}/", "/node_modules/"),
        )
        return tuple(
            (start + path + place, name) for start in ("file://", "") for place, name in (*names, ("/", "/"))
        )

    def _lay_out(
        self, scope: str, config: ScopeConfig, files: Sequence[SourceFile]
    ) -> list[tuple[SourceFile, str, str]]:
        """Write the files of a check, and of its scope where that is new. The documents to open, with their text.

        All are written before the first is opened: that one may import the others.
        """
        workspace = self.server.workspace
        if config.key not in self._scopes:
            workspace.write({f"{scope}/{name}": content for name, content in scope_files(config).items()})
            if config.node_modules is not None:
                folder = config.packages_key
                packages = package_files(config.node_modules, config.packages)
                workspace.write({f"{folder}/{name}": content for name, content in packages.files.items()})
                workspace.link({f"{folder}/{name}": target for name, target in packages.links.items()})
                workspace.link({f"{scope}/node_modules": f"../{folder}"})
        workspace.make_directory(f"{scope}/root")
        texts = [(file, _as_checked(file)) for file in files]
        workspace.write(
            {f"{scope}/{file.location}": text.encode() for file, text in texts if file.belongs_on_disk}
        )
        root = f"{self.server.root_uri}/{scope}/"
        return [
            (file, root + quote(file.location), text) for file, text in reversed(texts) if not file.is_asset
        ]


def _took_too_long(timeout_ms: float) -> CheckFailedError:
    return CheckFailedError(f"it took longer than {timeout_ms:g} ms")


def _as_checked(file: SourceFile) -> str:
    """The text for the checker; every position in it is that of the program's own."""
    return _REFERENCE.sub(r"\1xeference", well_formed(file.text))
