"""The launcher's loop: takes requests from its host, starts sandboxes, watches them, reports their ends.

Started as `python -I -S` with the number of its control socket as argument; single-threaded. It ends with
its host, or when the control socket closes, and everything that it started ends with it. Standard library
only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from . import child, control, landlock, linux, namespaces, root, trees
from .cgroup import Cgroups
from .deadlines import Deadlines
from .ids import SandboxIds
from .processes import Process
from .seccomp_rules import ENGINE_DESCRIPTOR
from .settings import Settings
from .watchdog import Watchdog

STDERR_FREE_BYTES = 256 * 1024
"""A sandbox may write so much to stderr before it has to wait."""
FLOOD_INTERVAL_S = 0.05


class Launcher:
    """State of the loop: the processes by id, and by each descriptor that is polled.

    A handler bears being called for nothing: within one round of events, a descriptor that an earlier event
    closed can already stand for something new.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._control = connection
        self._epoll = select.epoll()
        self._handlers: dict[int, tuple[str, Process | None]] = {}
        self._processes: dict[str, Process] = {}
        self._cgroups: Cgroups | None = None
        self._watchdog = Watchdog()
        self._deadlines = Deadlines()
        self._outgoing: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._flooding: list[Process] = []
        self._next_flood = 0.0
        self._ending = False

    def configure(self) -> None:
        """Take the settings, build the root, try the wall out, tell the host which layers hold."""
        received = control.receive(self._control)
        if received is None:
            raise SystemExit(0)
        self._settings = Settings.from_message(received[0])
        _raise_open_files_limit()
        self._proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._deadlines.begin(self._proc)
        self._launcher_gone = select.poll()
        self._launcher_gone.register(os.pidfd_open(os.getpid()), select.POLLIN)
        host_pidfd = os.pidfd_open(self._settings.host_pid)
        if self._settings.confinement != "off":
            cgroups = Cgroups.find(Path("/proc/self/cgroup").read_text())
            self._cgroups = cgroups if cgroups is not None and cgroups.work() else None
        self._surroundings = namespaces.enter(self._settings, self._proc)
        becomes_another = self._surroundings.privileged and self._settings.confinement != "off"
        self._ids = SandboxIds.of_this_process(self._proc) if becomes_another else None
        place = self._surroundings.place
        self._rules = landlock.open_rules(place, root.DEVICES)
        engine = os.open(place.engine, os.O_PATH | os.O_CLOEXEC)
        os.dup2(engine, ENGINE_DESCRIPTOR, inheritable=False)
        os.close(engine)
        self._control.setblocking(False)
        self._watch(self._control.fileno(), "control", None)
        self._watch(host_pidfd, "host", None)
        self._send(
            {
                "op": "ready",
                "statuses": self._surroundings.statuses,
                "place": {"engine": place.engine, "image": place.image},
                "cached": place.cached,
                "own_root": place.real is None,
                "cgroups": self._cgroups is not None,
            }
        )

    def run(self) -> None:
        """Serve until the host goes away."""
        try:
            while not self._ending:
                for descriptor, _ in self._epoll.poll(self._timeout()):
                    kind, process = self._handlers.get(descriptor, ("", None))
                    if process is not None:
                        getattr(self, f"_on_{kind}")(process)
                    elif kind == "control":
                        self._on_control()
                    elif kind == "host":
                        self._ending = True
                self._deadlines.look()
                self._watchdog.look()
                self._read_floods()
        finally:
            self._end()

    def _watch(self, descriptor: int, kind: str, process: Process | None) -> None:
        self._epoll.register(descriptor, select.EPOLLIN)
        self._handlers[descriptor] = (kind, process)

    def _unwatch(self, descriptor: int) -> None:
        if self._handlers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def _on_control(self) -> None:
        self._flush()
        while not self._ending:
            try:
                received = control.receive(self._control)
            except BlockingIOError:
                return
            except ConnectionResetError:
                received = None
            if received is None:
                self._ending = True
                return
            message, descriptors = received
            try:
                self._handle(message, descriptors)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            if message["op"] == "spawn":
                return  # a start takes milliseconds: between two of many there is a look at who runs

    def _handle(self, message: control.Message, descriptors: list[int]) -> None:
        process = self._processes.get(message["id"])
        match message["op"]:
            case "spawn":
                self._spawn(message, descriptors)
            case "check":
                self._check(message["id"])
            case "join":
                self._join(message)
            case "limit" if process is not None:
                self._limit_or_end(process, message["memory_limit_bytes"])
            case "look" if process is not None:
                self._watchdog.wake(process)
                self._deadlines.wake(process)
            case "deadline" if process is not None:
                self._deadlines.watch(process, next(iter(descriptors), None), message["offset"])

    def _spawn(self, message: dict[str, Any], descriptors: list[int]) -> None:
        try:
            files = _read_files(message["files"], descriptors) if message.get("files") else {}
            self._start(message, files)
        except OSError as error:
            self._send({"op": "failed", "id": message["id"], "error": str(error)})

    def _start(self, message: dict[str, Any], files: dict[str, bytes]) -> None:
        """Start one sandbox. When that fails (OSError), nothing of it is left."""
        id, place = message["id"], self._surroundings.place
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as closing:
            undo.callback(place.remove_private, id)
            channel_socket, channel_of_child = (closing.enter_context(end) for end in socket.socketpair())
            report, report_of_child = socket.socketpair()
            undo.callback(report.close)
            closing.callback(report_of_child.close)
            report.setblocking(False)
            stderr, stderr_of_child = _pipe(os.O_CLOEXEC, undo, closing)
            os.set_blocking(stderr, False)
            # Its own: what is set on an open file would be seen by all who share it.
            null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            closing.callback(os.close, null)
            uid = None if self._ids is None else self._ids.take()
            fifo = place.make_sync_replies(id, uid)
            undo.callback(os.close, fifo.host_end)
            closing.callback(os.close, fifo.path)
            plan = child.Plan(
                id=id,
                argv=place.translate(message["argv"], id),
                namespaces=self._surroundings.flags,
                stdin=null if message.get("one_shot") else channel_of_child.fileno(),
                stdout=channel_of_child.fileno(),
                stderr=stderr_of_child,
                report=report_of_child,
                files=files,
                workspace="workspace" in message,
                sync_replies=fifo.path,
                launcher_gone=self._launcher_gone,
                proc=self._proc,
                place=place,
                rules=self._rules,
                uid=uid,
                own_uid=self._ids is not None and self._ids.are_own,
                filling="fill" in message,
                probing="probe" in message,
                sweep=message.get("probe") == "sweep",
            )
            if self._cgroups is not None:
                undo.callback(self._cgroups.remove, id)
            pid, pidfd = self._clone(id)
            if pid == 0:
                child.run(plan, self._settings)
            undo.callback(_end_at_once, pid, pidfd)
            status = os.open(f"{pid}/status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
            undo.callback(os.close, status)
            channel = channel_socket.detach()
            undo.callback(os.close, channel)
            process = Process(id, pid, pidfd, stderr, report, (channel, fifo.host_end), status)
            process.probing = plan.probing
            undo.callback(self._watchdog.forget, process)
            self._watchdog.watch(process)
            if message.get("memory_limit_bytes"):
                self._limit_memory(process, message["memory_limit_bytes"])
            for descriptor, kind in ((report.fileno(), "report"), (stderr, "stderr"), (pidfd, "exit")):
                undo.callback(self._unwatch, descriptor)
                self._watch(descriptor, kind, process)
            self._processes[id] = process
            undo.pop_all()

    def _on_report(self, process: Process) -> None:
        """The wall stands and the engine starts (the pipe ends), or the child says why not."""
        if process.report is None:
            return
        try:
            failure, listeners, _, _ = socket.recv_fds(process.report, 8192, 1)
        except BlockingIOError:
            return
        if listeners:
            self._guard_exec(process, listeners[0])
            return
        self._unwatch(process.report.fileno())
        process.report.close()
        process.report = None
        if failure:
            self._send({"op": "failed", "id": process.id, "error": failure.decode("utf-8", "replace")})
            return
        try:
            descriptors = (os.dup(process.pidfd), *process.host_files)
        except OSError as error:
            process.kill()
            self._send({"op": "failed", "id": process.id, "error": str(error)})
            return
        process.host_files = ()
        self._deadlines.keep_channel(process, descriptors[1])
        self._send({"op": "started", "id": process.id, "pid": process.pid}, descriptors)
        self._surroundings.place.remove_bound(process.id)

    def _guard_exec(self, process: Process, listener: int) -> None:
        """Wait for the first exec of a sandbox; a probe has none."""
        os.set_inheritable(listener, False)
        process.exec_listener = listener
        if process.probing:
            process.close_exec_listener()
        else:
            self._watch(listener, "exec", process)

    def _on_exec(self, process: Process) -> None:
        if process.exec_listener < 0:
            return
        self._unwatch(process.exec_listener)
        with contextlib.suppress(OSError):  # killed while it waited
            linux.let_one_pass(process.exec_listener)
        process.close_exec_listener()

    def _clone(self, id: str) -> tuple[int, int]:
        if self._cgroups is None:
            return linux.clone(self._surroundings.flags)
        cgroup = self._cgroups.make(id)
        try:
            return linux.clone_into(self._surroundings.flags, cgroup)
        finally:
            os.close(cgroup)

    def _limit_or_end(self, process: Process, limit_bytes: int) -> None:
        """No program runs without the limit that it was leased with."""
        try:
            self._limit_memory(process, limit_bytes)
        except OSError as error:
            process.fail(f"its memory cannot be limited: {error}")

    def _limit_memory(self, process: Process, limit_bytes: int) -> None:
        self._watchdog.arm(process, limit_bytes)
        if self._cgroups is not None:
            self._cgroups.limit(process.id, process.anonymous_limit)

    def _join(self, message: dict[str, Any]) -> None:
        """Count a sandbox in the tree of the one whose program started it. Without its parent it is nobody's."""
        process, parent = (self._processes.get(message[name]) for name in ("id", "parent"))
        if process is None:
            return
        if parent is None or not trees.join(process, parent, message["tree_limit_bytes"]):
            process.kill()

    def _check(self, id: str) -> None:
        """Look at one sandbox now and say whether it is over its limit (and so killed)."""
        process = self._processes.get(id)
        over = process is not None and process.limit_bytes > 0 and self._watchdog.check(process)
        self._send({"op": "checked", "id": id, "over": over})

    def _on_stderr(self, process: Process) -> None:
        if not process.read_stderr():
            self._unwatch(process.stderr)
        elif process.stderr_bytes > STDERR_FREE_BYTES:  # a flood: its writer waits, the others do not
            self._unwatch(process.stderr)
            self._flooding.append(process)

    def _read_floods(self) -> None:
        """Let the processes that flood their stderr go on, one pipe's worth at a time."""
        if self._flooding and time.monotonic() >= self._next_flood:
            self._next_flood = time.monotonic() + FLOOD_INTERVAL_S
            for process in self._flooding:
                if process.alive:
                    self._watch(process.stderr, "stderr", process)
            self._flooding.clear()

    def _timeout(self) -> float | None:
        timeouts = (self._watchdog.next_timeout(), self._deadlines.next_timeout())
        timeout = min((each for each in timeouts if each is not None), default=None)
        if self._flooding:
            return FLOOD_INTERVAL_S if timeout is None else min(timeout, FLOOD_INTERVAL_S)
        return timeout

    def _on_exit(self, process: Process) -> None:
        if not process.reap():
            return
        for _ in range(2):  # it ended at once: the report still goes first, behind a listener
            self._on_report(process)
        self._watchdog.forget(process)
        if self._cgroups is not None:
            process.over_limit |= self._cgroups.remove(process.id)
        for descriptor in (process.stderr, process.pidfd, process.exec_listener):
            self._unwatch(descriptor)
        self._deadlines.forget(process)
        del self._processes[process.id]
        trees.leave(process)
        report = process.describe_end()
        process.close()
        self._send(report)
        self._surroundings.place.remove_private(process.id)

    def _send(self, message: control.Message, owned_descriptors: tuple[int, ...] = ()) -> None:
        """Send when the host reads: a host that is busy must not stop the watch over its sandboxes."""
        self._outgoing.append((control.encode(message), owned_descriptors))
        if len(self._outgoing) == 1:
            self._flush()

    def _flush(self) -> None:
        events = select.EPOLLIN
        while self._outgoing:
            packet, descriptors = self._outgoing[0]
            try:
                control.send(self._control, packet, descriptors)
            except BlockingIOError:
                events |= select.EPOLLOUT
                break
            except (BrokenPipeError, ConnectionResetError):
                self._ending = True
            self._outgoing.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        self._epoll.modify(self._control.fileno(), events)

    def _end(self) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            os.waitpid(process.pid, 0)
        self._surroundings.place.remove()


def _read_files(sizes: dict[str, int], descriptors: list[int]) -> dict[str, bytes]:
    """Input files of a one-shot run: their contents one after another in a memfd."""
    if not descriptors:  # the kernel drops what there is no room for
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    files = {}
    offset = 0
    for name, size in sizes.items():
        files[name] = os.pread(descriptors[0], size, offset)
        offset += size
    return files


def _pipe(flags: int, undo: contextlib.ExitStack, closing: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe whose reading end stays when all goes well, and whose writing end is the child's."""
    reading, writing = os.pipe2(flags)
    undo.callback(os.close, reading)
    closing.callback(os.close, writing)
    return reading, writing


def _end_at_once(pid: int, pidfd: int) -> None:
    """Kill a child that nobody has heard of, and wait for its end."""
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(pidfd)


def _raise_open_files_limit() -> None:
    """Each sandbox costs the launcher two descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Entry point of the launcher process."""
    # What the engine inherits: no signal ignored or blocked.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for changed in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(changed, signal.SIG_DFL)
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    launcher = Launcher(socket.socket(fileno=descriptor))
    launcher.configure()
    launcher.run()
    sys.exit(0)
