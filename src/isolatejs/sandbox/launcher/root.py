"""The empty root: what a sandbox finds when it looks at the file system.

The launcher builds it once, in its own mount namespace, and moves into it. Each sandbox gets a copy of
the namespace, so it costs a sandbox one mount of its own instead of a dozen. Layout:

    /engine/deno, /lib..., /usr/lib...   the engine and the libraries that it is linked with, read-only
    /isolatejs/**                        the guest image, read-only
    /cache                               the engine's analysis and compiled code of the image, read-only
    /dev/null, /dev/urandom
    /proc/self/exe                       a symbolic link to the engine, which asks for its own path
    /proc/self/maps                      one line, for the engine's transpiler
    /private                             where the launcher makes FIFOs; hidden in a sandbox
    /sync-replies                        where each sandbox binds its own FIFO
    /work                                where a one-shot run mounts a tmpfs with its input files

Without mount namespaces the same things are reached by their real paths, and a directory that the
launcher removes at its end takes the place of the tmpfs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import linux
from .wall import UNPRIVILEGED_ID

if TYPE_CHECKING:
    from .settings import Settings

ENGINE = "/engine/deno"
IMAGE = "/isolatejs"
CACHE = "/cache"
PRIVATE = "/private"
WORK = "/work"
SYNC_REPLIES = "/sync-replies"
_MOUNT_POINTS = ("/tmp", "/run", "/var", "/usr")
"""Any directory does: what it covers is out of sight a moment later anyway."""
DEVICES = ("/dev/null", "/dev/urandom")


@dataclass(frozen=True)
class Fifo:
    """Two descriptors: the host's writing end, and the path (O_PATH), for a Landlock rule."""

    host_end: int
    path: int


@dataclass(frozen=True)
class Root:
    """Where a sandbox finds its things. `real` is the temporary directory without mount namespaces."""

    engine: str
    image: str
    libraries: tuple[str, ...]
    real: str | None
    cached: bool
    """Whether there is a cache of compiled code at /cache."""

    def remove(self) -> None:
        """Remove what is on the real file system."""
        if self.real is not None:
            shutil.rmtree(self.real, ignore_errors=True)

    def translate(self, argv: list[str], id: str) -> tuple[str, ...]:
        """A command line with the real paths of /sync-replies and /work, where there is no root of our own.

        The guest is told where its FIFO is by an argument.
        """
        if self.real is None:
            return tuple(argv)
        own = f"{self.real}/{id}"
        fifo = own + SYNC_REPLIES
        translated = argv[:1]
        for item in argv[1:]:
            at_work = own if item.startswith(WORK + "/") else ""
            translated.append(at_work + item.replace(SYNC_REPLIES, fifo))
        if any(fifo in item for item in translated):
            translated.append(fifo)
        return tuple(translated)

    def make_sync_replies(self, id: str, owner: int | None) -> Fifo:
        """The FIFO through which the host answers the synchronous calls of one sandbox.

        It is for that sandbox alone: `owner` is its uid where that is not the launcher's.
        """
        if self.real is not None:
            Path(f"{self.real}/{id}").mkdir(mode=0o700)
            _give(f"{self.real}/{id}", owner)
        path = f"{PRIVATE}/{id}" if self.real is None else f"{self.real}/{id}/sync-replies"
        os.mkfifo(path, 0o600)
        _give(path, owner)
        host_end = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return Fifo(host_end, _open_path(path))
        except OSError:
            os.close(host_end)
            raise

    def remove_bound(self, id: str) -> None:
        """Remove the name of a FIFO that its sandbox has bound."""
        if self.real is None:
            Path(f"{PRIVATE}/{id}").unlink(missing_ok=True)

    def remove_private(self, id: str) -> None:
        """Remove what one sandbox left behind."""
        self.remove_bound(id)
        if self.real is not None:
            shutil.rmtree(f"{self.real}/{id}", ignore_errors=True)


def build_empty_root(settings: Settings) -> Root:
    """Build the root on a tmpfs in the current (private) mount namespace and make it `/`."""
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # Opened first: the new root covers a directory that may hold one of them.
    sources = {target: _open_path(path) for target, path in _binds(settings).items()}
    image = {f"{IMAGE}/{target}": Path(path).read_bytes() for target, path in settings.image.items()}
    cache = _read_cache(settings)
    image.update(cache)
    base = next(place for place in _MOUNT_POINTS if Path(place).is_dir())
    linux.mount(
        "isolatejs", base, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=64m,nr_inodes=4096,mode=755"
    )
    for target, content in image.items():
        file = Path(base + target)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for target, descriptor in sources.items():
        place = Path(base + target)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        linux.mount(f"/proc/self/fd/{descriptor}", str(place), None, linux.MS_BIND)
        attributes = linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID
        if target in DEVICES:
            attributes |= (
                linux.MOUNT_ATTR_NOEXEC
            )  # read-only: nobody's locks or times; a device is written to anyway
        else:
            attributes |= linux.MOUNT_ATTR_NODEV
        linux.set_mount_attributes(str(place), attributes)
        os.close(descriptor)
    # The engine asks for its own path when its Node layer starts; there is no real /proc.
    Path(base + "/proc/self").mkdir(parents=True)
    Path(base + "/proc/self/exe").symlink_to(ENGINE)
    # Its transpiler asks libc for the bounds of the stack, which looks for them here: any range will do.
    Path(base + "/proc/self/maps").write_text("000000001000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n")
    for directory in (PRIVATE, WORK):
        Path(base + directory).mkdir(parents=True)
    Path(base + SYNC_REPLIES).touch()
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("private", base + PRIVATE, "tmpfs", flags, "size=64k,nr_inodes=4096,mode=777")
    os.chdir(base)
    linux.set_mount_attributes(".", linux.MOUNT_ATTR_RDONLY)
    linux.pivot_root(".", ".")
    linux.unmount_detached(".")
    os.chdir("/")
    return Root(engine=ENGINE, image=IMAGE, libraries=settings.libraries, real=None, cached=bool(cache))


def use_real_root(settings: Settings, group: int | None) -> Root:
    """Lay the guest image out in a temporary directory, where no mount namespace can be had.

    It is for the sandboxes alone: `group` is their gid where they are not the launcher's own user.
    """
    real = tempfile.mkdtemp(prefix="isolatejs-")  # with mode 0700
    if group is not None:
        with contextlib.suppress(PermissionError):  # as in _give
            os.chown(real, -1, group)
        Path(real).chmod(0o710)
    for target, path in settings.image.items():
        file = Path(real + IMAGE) / target
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(Path(path).read_bytes())
    return Root(
        engine=settings.engine, image=real + IMAGE, libraries=settings.libraries, real=real, cached=False
    )


def _read_cache(settings: Settings) -> dict[str, bytes]:
    """The files of /cache, all or none: another host may remove them at any moment."""
    try:
        return {f"{CACHE}/{name}": Path(path).read_bytes() for name, path in settings.cache.items()}
    except OSError:
        return {}


def _binds(settings: Settings) -> dict[str, str]:
    binds = {ENGINE: settings.engine}
    binds.update({library: library for library in settings.libraries})
    binds.update({device: device for device in DEVICES if Path(device).exists()})
    return binds


def _give(path: str, owner: int | None) -> None:
    if owner is not None:
        with contextlib.suppress(PermissionError):  # without CAP_CHOWN; CAP_SETUID is then missing, and named
            os.chown(path, owner, UNPRIVILEGED_ID)


def _open_path(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)
