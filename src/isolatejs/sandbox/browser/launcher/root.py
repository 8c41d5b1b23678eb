"""What a tenant finds when it looks at the file system: the browser, its driver, libraries, fonts. Nothing else.

The launcher builds it once, on a tmpfs in a mount namespace of its own, and moves into it. Each tenant gets a copy of
that namespace and adds what is its own: /proc of its processes, and one tmpfs for its profile, its downloads and the
shared memory of its processes, which has its disk limit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ...launcher import linux
from .settings import ERRORS, HOME, PROFILES, Limits, Settings

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_MOUNT_POINTS: Final = ("/tmp", "/run", "/var", "/usr")
"""Any directory does: what it covers is out of sight a moment later anyway."""
_SHARED_MEMORY: Final = "/tmp/.shm"


def build(settings: Settings) -> None:
    """Build the root in the current (private) mount namespace and make it `/`."""
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # Opened first: the new root covers a directory that may hold one of them.
    binds = {**settings.binds, **{device: device for device in DEVICES}}
    sources = {target: os.open(path, os.O_PATH | os.O_CLOEXEC) for target, path in binds.items()}
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    base = next(place for place in _MOUNT_POINTS if Path(place).is_dir())
    linux.mount(
        "isolatejs", base, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=8m,nr_inodes=16384,mode=755"
    )
    for directory in ("/proc", "/tmp", "/dev/shm"):
        Path(base + directory).mkdir(parents=True)
    for target, descriptor in sources.items():
        _bind(descriptor, base, target)
    for target, content in settings.files.items():
        file = Path(base + target)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    for target, text in settings.links.items():
        link = Path(base + target)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(text)
    # A tenant may mount its own /proc only where one can be seen. It is covered before anything hostile runs.
    linux.mount(f"/proc/self/fd/{proc}", f"{base}/proc", None, linux.MS_BIND | linux.MS_REC)
    os.close(proc)
    os.chdir(base)
    linux.set_mount_attributes(".", linux.MOUNT_ATTR_RDONLY)
    linux.pivot_root(".", ".")
    linux.unmount_detached(".")
    os.chdir("/")


def _bind(descriptor: int, base: str, target: str) -> None:
    source = f"/proc/self/fd/{descriptor}"
    place = Path(base + target)
    if Path(source).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    linux.mount(source, str(place), None, linux.MS_BIND)
    attributes = linux.MOUNT_ATTR_NOSUID
    if target in DEVICES:
        attributes |= linux.MOUNT_ATTR_NOEXEC
    else:
        attributes |= linux.MOUNT_ATTR_NODEV | linux.MOUNT_ATTR_RDONLY
    linux.set_mount_attributes(str(place), attributes)
    os.close(descriptor)


def add_own(limits: Limits) -> None:
    """Mount what belongs to one tenant. The caller is in the tenant's namespaces, with its rights."""
    # hidepid: what may not be looked into is not listed either, the init and its command line first of all.
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, "hidepid=2")
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    # An inode costs a kilobyte that no size counts: so many as a profile of the largest kind has.
    linux.mount("tenant", "/tmp", "tmpfs", flags, f"size={limits.disk_bytes},nr_inodes=65536,mode=700")
    for directory in (_SHARED_MEMORY, HOME, PROFILES):
        Path(directory).mkdir()
    Path(ERRORS).touch()
    linux.mount(_SHARED_MEMORY, "/dev/shm", None, linux.MS_BIND)
