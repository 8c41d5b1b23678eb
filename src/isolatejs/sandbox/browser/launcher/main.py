"""The browser launcher's loop: starts tenants, watches what they use, reports their ends.

Started as `python -I -S` with the number of its control socket as argument; single-threaded. It ends with its host, or
when the control socket closes, and everything that it started ends with it. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any, Final

from ...launcher import control, linux, namespaces
from . import child, root
from .settings import Limits, Settings
from .tenants import Tenant

SHORTEST_INTERVAL_S: Final = 0.02
LONGEST_INTERVAL_S: Final = 0.5
GROWTH_BYTES: Final = 8 * 1024 * 1024
"""A tenant that grew by so much since the last look is looked at again soon."""
LOOK_SHARE: Final = 0.05
"""Looks at all tenants together take at most about this part of a processor."""
REPORT_LIMIT_BYTES: Final = 8192
FLAGS: Final = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWCGROUP
)
"""All of them, or no browser is started: each is a part of the confinement that nothing replaces."""


class BrowserLauncher:
    """State of the loop: the tenants by id, and by each descriptor that is polled."""

    def __init__(self, connection: socket.socket) -> None:
        self._control = connection
        self._epoll = select.epoll()
        self._handlers: dict[int, tuple[str, Tenant | None]] = {}
        self._tenants: dict[str, Tenant] = {}
        self._outgoing: list[tuple[bytes, tuple[int, ...]]] = []
        self._ending = False

    def configure(self) -> None:
        """Take the settings, build the root, tell the host whether tenants can be confined here."""
        received = control.receive(self._control)
        if received is None:
            raise SystemExit(0)
        self._settings = Settings.from_message(received[0])
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._launcher_gone = select.poll()
        self._launcher_gone.register(os.pidfd_open(os.getpid()), select.POLLIN)
        host_pidfd = os.pidfd_open(self._settings.host_pid)
        self._control.setblocking(False)
        self._watch(self._control.fileno(), "control", None)
        self._watch(host_pidfd, "host", None)
        try:
            namespaces.enter_root(lambda: root.build(self._settings), self._proc)
            if not linux.can_clone(FLAGS):
                raise OSError("the kernel refuses namespaces (a sysctl, or the limit in /proc/sys/user)")
        except OSError as error:
            self._send({"op": "ready", "error": str(error)})
        else:
            self._send({"op": "ready", "nests": child.nests(FLAGS, self._proc)})

    def run(self) -> None:
        """Serve until the host goes away."""
        try:
            while not self._ending:
                for descriptor, _ in self._epoll.poll(self._timeout()):
                    kind, tenant = self._handlers.get(descriptor, ("", None))
                    if tenant is not None:
                        getattr(self, f"_on_{kind}")(tenant)
                    elif kind == "control":
                        self._on_control()
                    elif kind == "host":
                        self._ending = True
                self._look()
        finally:
            self._end()

    def _watch(self, descriptor: int, kind: str, tenant: Tenant | None) -> None:
        self._epoll.register(descriptor, select.EPOLLIN)
        self._handlers[descriptor] = (kind, tenant)

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
            for descriptor in descriptors:
                os.close(descriptor)
            if message["op"] == "spawn":
                try:
                    self._start(message)
                except OSError as error:
                    self._send({"op": "failed", "id": message["id"], "error": str(error)})

    def _start(self, message: dict[str, Any]) -> None:
        """Start one tenant. When that fails (OSError), nothing of it is left."""
        limits = Limits(**message["limits"])
        flags = FLAGS if message["own_network"] else FLAGS & ~linux.CLONE_NEWNET
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as closing:
            channel, channel_of_child = socket.socketpair()
            closing.callback(channel_of_child.close)
            undo.callback(channel.close)
            report, report_of_child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            closing.callback(report_of_child.close)
            undo.callback(report.close)
            plan = child.Plan(
                limits=limits,
                namespaces=flags,
                channel=channel_of_child.fileno(),
                report=report_of_child.fileno(),
                launcher_gone=self._launcher_gone,
                proc=self._proc,
            )
            pid, pidfd = linux.clone(flags)
            if pid == 0:
                child.run(plan, self._settings)
            report.setblocking(False)
            undo.pop_all()
            tenant = Tenant(message["id"], pid, pidfd, report.detach(), channel.detach(), limits.memory_bytes)
        self._tenants[tenant.id] = tenant
        self._watch(tenant.report, "report", tenant)
        self._watch(tenant.pidfd, "exit", tenant)

    def _on_report(self, tenant: Tenant) -> None:
        """The tenant is confined and its driver starts, or it says why not."""
        with socket.socket(fileno=os.dup(tenant.report)) as report:
            try:
                packet, descriptors, _, _ = socket.recv_fds(report, REPORT_LIMIT_BYTES, 4)
            except BlockingIOError:
                return
            except OSError:
                packet, descriptors = b"", []
        self._unwatch(tenant.report)
        os.close(tenant.report)
        tenant.report = -1
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if packet != b"ready":
            for descriptor in descriptors:
                os.close(descriptor)
            text = packet.decode("utf-8", "replace") or "it ended at once"
            self._send({"op": "failed", "id": tenant.id, "error": text})
            tenant.kill()
            return
        tenant.own = tuple(descriptors[:3])
        tenant.interval = SHORTEST_INTERVAL_S
        tenant.due = time.monotonic() + tenant.interval
        channel, tenant.channel = tenant.channel, -1
        handed = (os.dup(tenant.pidfd), channel, os.dup(tenant.own[0]), *descriptors[3:])
        self._send({"op": "started", "id": tenant.id, "pid": tenant.pid}, handed)

    def _on_exit(self, tenant: Tenant) -> None:
        if not tenant.reap():
            return
        if tenant.report >= 0:  # it ended at once: the report still goes first
            self._on_report(tenant)
        self._unwatch(tenant.pidfd)
        del self._tenants[tenant.id]
        self._send(tenant.describe_end())
        tenant.close()

    def _look(self) -> None:
        """Look at every tenant that is due; kill those over their limit."""
        for tenant in list(self._tenants.values()):
            started = time.monotonic()
            if not tenant.own or tenant.due > started:
                continue
            used = tenant.used_bytes()
            growth, tenant.last_bytes = used - tenant.last_bytes, used
            tenant.peak_bytes = max(tenant.peak_bytes, used)
            if used > tenant.memory_limit_bytes:
                tenant.over_limit = True
                tenant.kill()
            if growth > GROWTH_BYTES:
                tenant.interval = SHORTEST_INTERVAL_S
            else:
                tenant.interval = min(tenant.interval * 2, LONGEST_INTERVAL_S)
            now = time.monotonic()
            took = now - started
            tenant.due = now + max(tenant.interval, took * len(self._tenants) / LOOK_SHARE)

    def _timeout(self) -> float | None:
        due = [tenant.due for tenant in self._tenants.values() if tenant.own]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _send(self, message: control.Message, owned_descriptors: tuple[int, ...] = ()) -> None:
        """Send when the host reads: a host that is busy must not stop the watch over its tenants."""
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
            self._outgoing.pop(0)
            for descriptor in descriptors:
                os.close(descriptor)
        self._epoll.modify(self._control.fileno(), events)

    def _end(self) -> None:
        for tenant in self._tenants.values():
            tenant.kill()
        for tenant in self._tenants.values():
            os.waitpid(tenant.pid, 0)


def main() -> None:
    """Entry point of the browser launcher's process."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for changed in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(changed, signal.SIG_DFL)
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    launcher = BrowserLauncher(socket.socket(fileno=descriptor))
    launcher.configure()
    launcher.run()
    sys.exit(0)
