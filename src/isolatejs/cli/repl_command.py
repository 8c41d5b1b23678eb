"""`isolatejs repl`: a sandbox to type into."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from isolatejs.cli.declarations import declared_names, is_complete
from isolatejs.cli.grants import Permissions, takes_permissions
from isolatejs.cli.loading_line import LoadingLine
from isolatejs.cli.output import Terminal
from isolatejs.cli.program_source import ProgramSource, create_resolver
from isolatejs.cli.run_command import EXIT_SANDBOX
from isolatejs.errors import GuestError, IsolateError, RuntimeDisposedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

HELP: Final = """\
Type JavaScript or TypeScript; top-level await works. Declarations last, and _ is the last value.
  .help        this text
  .load FILE   run a file
  .reset       start again in a new sandbox
  .exit        leave (also Ctrl-D)
Ctrl-C at the prompt drops the input; while a program runs it ends the sandbox and starts a new one."""

_FILENAME: Final = "/repl.ts"
_HISTORY_LINES: Final = 10_000
_COMPLETION_TIMEOUT_S: Final = 0.5
_CANCEL_TIMEOUT_S: Final = 5.0
_CHAIN = re.compile(r"(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$]?[\w$]*$")
_SHOW = "\n); console.dir(typeof globalThis._ === 'string' ? JSON.stringify(globalThis._) : globalThis._)"


@takes_permissions
def repl(
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.001, help="Limit of each input.")
    ] = None,
    *,
    permissions: Permissions,
) -> None:
    """Type JavaScript or TypeScript into a sandbox. Everything is denied by default."""
    terminal = Terminal()
    session = Session(terminal, permissions, timeout_ms=None if timeout is None else timeout * 1000)
    try:
        with session:
            Prompt(session, terminal).loop()
    except IsolateError as error:
        terminal.write_error(error)
        raise typer.Exit(EXIT_SANDBOX) from None


class Session:
    """A runtime on an event loop of its own thread, so that timers and output go on while the user types."""

    def __init__(self, terminal: Terminal, permissions: Permissions, *, timeout_ms: float | None) -> None:
        self._terminal = terminal
        self._permissions = permissions
        self._bindings = permissions.bindings()
        self._timeout_ms = timeout_ms
        self._loading = LoadingLine(terminal)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="isolatejs-repl", daemon=True)
        self._host: Any = None
        self._runtime: Any = None

    def __enter__(self) -> Session:
        self._thread.start()
        try:
            self._call(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._call(self._host.close())
        finally:
            self._stop()

    def evaluate(self, code: str, filename: str = _FILENAME) -> Any:
        """Run code and wait. Raises KeyboardInterrupt when the user stops it; its sandbox is then gone."""
        return self._call(self._evaluate(code, filename))

    def restart(self) -> None:
        """A new sandbox in place of the present one."""
        self._call(self._restart())

    def property_names(self, expression: str) -> list[str]:
        """Names that can follow `expression.`, or all globals; empty when that takes too long."""
        target = expression or "globalThis"
        code = (
            "{ const names = new Set(); "
            f"for (let o = Object({target}); o; o = Object.getPrototypeOf(o)) "
            "for (const name of Object.getOwnPropertyNames(o)) names.add(name); "
            "globalThis[Symbol.for('names')] = [...names]; } globalThis[Symbol.for('names')]"
        )
        work = asyncio.run_coroutine_threadsafe(self._runtime.eval(code, _FILENAME), self._loop)
        try:
            return [str(name) for name in work.result(_COMPLETION_TIMEOUT_S)]
        except (IsolateError, TimeoutError):
            return []  # no completion for what does not exist or does not answer

    async def _open(self) -> None:
        from isolatejs.host.isolate_host import create_isolate_host

        self._host = await create_isolate_host(pool_size=1)
        await self._create_runtime()

    async def _create_runtime(self) -> None:
        from isolatejs.capabilities.console.bindings import ConsoleBindings

        permissions = self._permissions
        program = ProgramSource("", _FILENAME)
        self._runtime = await self._host.create_runtime(
            bindings=self._bindings
            | {
                "console": ConsoleBindings(
                    self._terminal.write_entry, values=False, colors=self._terminal.color
                ),
                "modules": create_resolver(program, permissions, self._loading.progress),
            },
            memory_limit_mb=permissions.memory,
            nested_host=permissions.nested_host,
        )

    async def _evaluate(self, code: str, filename: str) -> Any:
        async with self._loading:
            return await self._runtime.eval(code, filename, execution_timeout_ms=self._timeout_ms)

    async def _restart(self) -> None:
        await self._runtime.dispose()
        await self._create_runtime()

    @property
    def alive(self) -> bool:
        """Whether the sandbox is still there."""
        return not self._runtime.disposed

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        ended = threading.Event()

        async def guarded() -> Any:
            try:
                return await work
            finally:
                ended.set()

        future = asyncio.run_coroutine_threadsafe(guarded(), self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            ended.wait(_CANCEL_TIMEOUT_S)
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Prompt:
    """Reads input, line by line until it is complete, and shows what it gives."""

    def __init__(self, session: Session, terminal: Terminal) -> None:
        self._session = session
        self._terminal = terminal
        self._interactive = sys.stdin.isatty()

    def loop(self) -> None:
        """Until the end of the input or `.exit`."""
        with self._line_editing():
            if self._interactive:
                self._terminal.write_notice("isolatejs: .help for help, Ctrl-D to leave")
            while True:
                try:
                    source = self._read()
                    if source is None or source.strip() == ".exit":
                        return
                    self._handle(source)
                except KeyboardInterrupt:
                    self._terminal.write_notice("interrupted")
                self._replace_dead_sandbox()

    def _read(self) -> str | None:
        """One complete input; None at the end."""
        lines: list[str] = []
        while True:
            prompt = ("> " if not lines else "... ") if self._interactive else ""
            try:
                lines.append(input(prompt))
            except EOFError:
                return "\n".join(lines) if lines else None
            source = "\n".join(lines)
            if source.lstrip().startswith(".") or is_complete(source):
                return source

    def _handle(self, source: str) -> None:
        command, _, argument = source.strip().partition(" ")
        try:
            if command == ".help":
                self._terminal.write_notice(HELP)
            elif command == ".reset":
                self._session.restart()
            elif command == ".load":
                path = Path(argument.strip())
                code = path.read_text(encoding="utf-8-sig")
                self._session.evaluate(keep_declarations(code), f"/{path.name}")
            elif re.fullmatch(r"\.[a-z]+", command):
                self._terminal.write_notice(f"no command {command}; .help lists them")
            elif source.strip():
                self._evaluate(source)
        except IsolateError as error:
            self._terminal.write_error(error)
        except OSError as error:
            self._terminal.write_notice(f"{argument.strip()}: {error.strerror}")

    def _evaluate(self, source: str) -> None:
        """Run an input, as an expression when it is one: its value is shown as the sandbox sees it."""
        if declared_names(source):
            self._run_statements(source)
            return
        try:
            self._session.evaluate(f"globalThis._ = await ({source.rstrip().rstrip(';')}{_SHOW}")
        except GuestError as error:
            if error.name != "SyntaxError":
                raise
            self._run_statements(source)

    def _run_statements(self, source: str) -> None:
        value = self._session.evaluate(keep_declarations(source))
        if value is not None:
            self._terminal.write_value(value)

    def _replace_dead_sandbox(self) -> None:
        if self._session.alive:
            return
        with contextlib.suppress(RuntimeDisposedError):
            self._session.restart()
            self._terminal.write_notice("a new sandbox was started; what was declared is gone")

    @contextlib.contextmanager
    def _line_editing(self) -> Any:
        """History and completion by GNU readline, where Python has it."""
        try:
            import readline
        except ImportError:
            yield
            return
        if not self._interactive:
            yield
            return
        history = _history_file()
        with contextlib.suppress(OSError):
            readline.read_history_file(history)
        readline.set_history_length(_HISTORY_LINES)
        readline.set_completer_delims(" \t\n()[]{}=+-*/%&|^~!<>?:;,\"'`")
        readline.set_completer(self._complete)
        readline.parse_and_bind("tab: complete")
        try:
            yield
        finally:
            readline.set_completer(None)
            with contextlib.suppress(OSError):
                history.parent.mkdir(parents=True, exist_ok=True)
                readline.write_history_file(history)

    def _complete(self, text: str, state: int) -> str | None:
        if _CHAIN.fullmatch(text) is None:
            return None
        if state == 0:
            base, dot, _ = text.rpartition(".")
            self._matches = [
                match
                for name in self._session.property_names(base)
                if name.isidentifier() and (match := f"{base}{dot}{name}").startswith(text)
            ]
        return self._matches[state] if state < len(self._matches) else None


def keep_declarations(source: str) -> str:
    """The source, followed by accessors on `globalThis` for what it declares.

    They are live: assigning to such a name later changes the variable itself. They stand in a declaration,
    which has no value, and on a line of their own, so that the input's value and positions stay.
    """
    names = [name for name in declared_names(source) if not name.startswith("__isolatejs")]
    if not names:
        return source
    accessors = ", ".join(
        f"{name}: {{ get: () => {name}, set: (value) => {{ {name} = value; }}, configurable: true }}"
        for name in names
    )
    return f"{source}\nconst __isolatejs_names = Object.defineProperties(globalThis, {{ {accessors} }});"


def _history_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    directory = Path(state) if state else Path.home() / ".local" / "state"
    return directory / "isolatejs" / "repl_history"
