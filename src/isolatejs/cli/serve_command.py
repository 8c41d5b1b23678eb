"""`isolatejs serve`: HTTP and WebSockets, answered by a program that calls serve()."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from isolatejs.cli.grants import Permissions, takes_permissions
from isolatejs.cli.loading_line import LoadingLine
from isolatejs.cli.output import Terminal, show_warnings
from isolatejs.cli.program_source import create_resolver, load_program
from isolatejs.cli.run_command import EXIT_PROGRAM_ERROR
from isolatejs.cli.signals import on_ending_signal
from isolatejs.errors import IsolateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from isolatejs.asgi import AppServerASGI
    from isolatejs.asgi.types import Message, Receive, Scope, Send
    from isolatejs.capabilities.console.bindings import ConsoleEntry

WATCH_INTERVAL_S: Final = 0.3
WATCHED_SUFFIXES: Final = frozenset({".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"})
SHUTDOWN_GRACE_S: Final = 10


@takes_permissions
def serve(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Program that calls serve().")],
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    watch: Annotated[bool, typer.Option("--watch", help="Reload when a source file changes.")] = False,
    instances: Annotated[
        int, typer.Option("--instances", metavar="N", min=1, max=64, help="Sandboxes that share the load.")
    ] = 1,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0.001, help="Limit of one answer, not of its body."),
    ] = 30.0,
    no_access_log: Annotated[bool, typer.Option("--no-access-log", help="Do not log requests.")] = False,
    *,
    permissions: Permissions,
) -> None:
    """Serve HTTP and WebSockets with a program that calls serve(), or exports a default { fetch }.

    Ctrl-C finishes the requests that are open. A sandbox that dies is replaced by the next request.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise typer.BadParameter("serve needs uvicorn: pip install 'isolatejs[serve]'") from None
    from isolatejs.asgi import AppServerASGI
    from isolatejs.capabilities.console.bindings import ConsoleBindings

    terminal = Terminal()
    program = load_program(file, None)
    if program.directory is None:
        raise typer.BadParameter("serve takes the name of a file")

    loading = LoadingLine(terminal)

    def write_entry(entry: ConsoleEntry) -> None:
        terminal.write_entry(entry)

    bindings = permissions.bindings() | {
        "console": ConsoleBindings(write_entry, values=False, colors=terminal.color),
        "modules": create_resolver(program, permissions, loading.progress),
    }
    app = AppServerASGI(
        entry=program.filename,
        bindings=bindings,
        instances=instances,
        execution_timeout_ms=timeout * 1000,
        memory_limit_mb=permissions.memory,
        nested_host=permissions.nested_host,
    )
    show_warnings()
    served = app if no_access_log else AccessLog(app, terminal)
    config = uvicorn.Config(
        served,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
    )

    logging.getLogger("uvicorn.error").addFilter(ProgramErrors(terminal))

    class Server(uvicorn.Server):
        """Signals are ours: uvicorn would raise them again before the sandboxes are gone."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            watched = program.directory if watch else None
            runner.run(_serve(Server(config), app, terminal, loading, watched))
    except IsolateError as error:
        terminal.write_error(error)
        raise typer.Exit(EXIT_PROGRAM_ERROR) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a request costs a tenth less."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.new_event_loop


async def _serve(
    server: Any, app: AppServerASGI, terminal: Terminal, loading: LoadingLine, watched: Path | None
) -> None:
    on_ending_signal(lambda _: _stop(server))
    async with loading, app:
        serving = asyncio.create_task(server.serve())
        announcing = asyncio.create_task(_announce(server, terminal))
        watching = None if watched is None else asyncio.create_task(_watch(app, watched, terminal))
        try:
            await serving
        finally:
            for task in (announcing, watching):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
    if not server.started:
        raise typer.Exit(EXIT_PROGRAM_ERROR)


def _stop(server: Any) -> None:
    """The first signal lets open requests finish, the second does not."""
    if server.should_exit:
        server.force_exit = True
    server.should_exit = True


async def _announce(server: Any, terminal: Terminal) -> None:
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    for listener in server.servers:
        for sock in listener.sockets:
            name, port = sock.getsockname()[:2]
            shown = f"[{name}]" if ":" in name else name
            terminal.write_line(f"Listening on http://{shown}:{port}/")


async def _watch(app: AppServerASGI, directory: Path, terminal: Terminal) -> None:
    """Reload when the sources change. A program that does not load leaves the running one in place."""
    known = await asyncio.to_thread(_snapshot, directory)
    while True:
        await asyncio.sleep(WATCH_INTERVAL_S)
        found = await asyncio.to_thread(_snapshot, directory)
        if found == known:
            continue
        changed = sorted({path for path, _ in found.items() ^ known.items()})
        known = found
        try:
            await app.reload(f"{changed[0]} changed")
        except IsolateError as error:
            terminal.write_error(error)
        else:
            terminal.write_line(f"Reloaded ({changed[0]} changed)")


def _snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """Time and size of each source file, by its relative path. Hidden directories and packages stay out."""
    return dict(_source_files(directory, ""))


def _source_files(directory: Path, prefix: str) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return  # gone meanwhile
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "node_modules":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _source_files(Path(entry.path), f"{prefix}{entry.name}/")
        elif Path(entry.name).suffix in WATCHED_SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                yield prefix + entry.name, (status.st_mtime_ns, status.st_size)


class ProgramErrors(logging.Filter):
    """A body that its program or the end of its sandbox broke off is shown as that, without our stack."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def filter(self, record: logging.LogRecord) -> bool:
        error = None if record.exc_info is None else record.exc_info[1]
        if not isinstance(error, IsolateError):
            return True
        self._terminal.write_error(error)
        return False


class AccessLog:
    """One line on standard error for each request: client, method, path, status, bytes, milliseconds."""

    def __init__(self, app: AppServerASGI, terminal: Terminal) -> None:
        self._app = app
        self._terminal = terminal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | str = "-"
        size = 0

        async def noting(message: Message) -> None:
            nonlocal status, size
            kind = message["type"]
            if kind in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            elif kind == "http.response.body":
                size += len(message.get("body", b""))
            elif kind == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            elapsed_ms = (time.perf_counter() - began) * 1000
            client = (scope.get("client") or ("-", 0))[0]
            path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
            method = scope.get("method", "WS")
            self._terminal.write_line(
                f"{client} {method} {_printable(path)} {status} {size} {elapsed_ms:.1f}ms"
            )


def _printable(path: str) -> str:
    """A client must not drive the terminal."""
    return path.encode("ascii", "backslashreplace").decode() if path.isprintable() else repr(path)
