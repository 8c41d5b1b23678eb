"""Which namespaces this machine gives, and the launcher's own move into a private one."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from . import linux, root
from .wall import NAMESPACES, UNPRIVILEGED_ID, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from .settings import Settings

_Built = TypeVar("_Built")

FLAGS = {
    "user namespace": linux.CLONE_NEWUSER,
    "mount namespace": linux.CLONE_NEWNS,
    "pid namespace": linux.CLONE_NEWPID,
    "network namespace": linux.CLONE_NEWNET,
    "ipc namespace": linux.CLONE_NEWIPC,
    "uts namespace": linux.CLONE_NEWUTS,
}


@dataclass(frozen=True)
class Surroundings:
    """Clone flags for sandboxes, the root that they find, and the state of these layers.

    `privileged`: the launcher is still root outside, so sandboxes have to change their user themselves.
    """

    flags: int
    place: root.Root
    statuses: dict[str, Status]
    privileged: bool


def enter(settings: Settings, proc: int) -> Surroundings:
    """Move the launcher into its own namespaces and the empty root, as far as that can be had."""
    was_root = os.geteuid() == 0
    if settings.confinement == "off":
        return Surroundings(0, root.use_real_root(settings, None), _missing("confinement is off"), was_root)
    try:
        place = enter_root(lambda: root.build_empty_root(settings), proc)
    except OSError as error:
        group = UNPRIVILEGED_ID if was_root else None
        return Surroundings(0, root.use_real_root(settings, group), _missing(str(error)), was_root)
    statuses: dict[str, Status] = dict.fromkeys(NAMESPACES, (True, ""))
    flags = 0
    for name, flag in FLAGS.items():
        if linux.can_clone(flags | flag):
            flags |= flag
        else:
            statuses[name] = (
                False,
                "the kernel refuses to make one (a sysctl, or the limit in /proc/sys/user)",
            )
    return Surroundings(flags, place, statuses, was_root and not flags & linux.CLONE_NEWUSER)


def enter_root(build: Callable[[], _Built], proc: int) -> _Built:
    """Move into a mount namespace of the calling process's own, `build` the root there, and give up being root.

    Raises OSError where no mount namespace can be had.
    """
    was_root = os.geteuid() == 0
    if was_root and linux.succeeds(lambda: linux.unshare(linux.CLONE_NEWNS)):
        linux.unshare(linux.CLONE_NEWNS)
        built = build()  # first, while every path can still be reached
        if linux.can_clone(linux.CLONE_NEWUSER):
            _become_nobody(proc)
        return built
    become = _become_nobody if was_root else _become_own_root

    def try_out() -> None:
        become(proc)
        linux.unshare(linux.CLONE_NEWNS)  # refused where user namespaces are without power (AppArmor)

    if not linux.succeeds(try_out):
        raise PermissionError(errno.EPERM, "user namespaces are refused, or give no right to mount")
    try_out()
    return build()


def _missing(reason: str) -> dict[str, Status]:
    return dict.fromkeys(NAMESPACES, (False, reason))


def _become_own_root(proc: int) -> None:
    """Become the root of a new user namespace in which an ordinary user's own id is root."""
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    for name, content in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        _write(proc, f"self/{name}", content)


def _become_nobody(proc: int) -> None:
    """Become the root of a new user namespace in which `nobody` is root: outside, no privilege is left.

    Only a process outside may map another id than its own, so a helper stays behind to write the maps.
    """
    os.setgroups([])
    launcher = os.getpid()
    unshared_read, unshared_write = os.pipe()
    mapped_read, mapped_write = os.pipe()
    helper = os.fork()
    if helper == 0:
        status = 1
        try:
            os.close(unshared_write)
            if os.read(unshared_read, 1) == b"x":
                _write(proc, f"{launcher}/uid_map", f"0 {UNPRIVILEGED_ID} 1")
                _write(proc, f"{launcher}/gid_map", f"0 {UNPRIVILEGED_ID} 1")
                os.write(mapped_write, b"x")
                status = 0
        finally:
            os._exit(status)
    os.close(mapped_write)
    try:
        linux.unshare(linux.CLONE_NEWUSER)
        os.write(unshared_write, b"x")
        mapped = os.read(mapped_read, 1)
    finally:
        for descriptor in (unshared_read, unshared_write, mapped_read):
            os.close(descriptor)
        os.waitpid(helper, 0)
    if mapped != b"x":
        raise PermissionError("the ids of the user namespace cannot be mapped")
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _write(proc: int, name: str, content: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    try:
        os.write(descriptor, content.encode())
    finally:
        os.close(descriptor)
