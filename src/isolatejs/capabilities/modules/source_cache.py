"""Keeps what a host has read: files by version, imports and package.json by content. Bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from isolatejs.limits import MODULE_CACHE_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .mounted_tree import Located, MountedTree, Version
    from .package_json import PackageJson

T = TypeVar("T")


class BoundedCache(Generic[T]):
    """Least recently used entries leave when their sizes together pass the limit. Safe across threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep a value; one that is larger than a quarter of the limit is not kept."""
        if size > self._limit // 4:
            return
        with self._lock:
            previous = self._entries.pop(key, None)
            if previous is not None:
                self._size -= previous[1]
            self._entries[key] = (value, size)
            self._size += size
            while self._size > self._limit:
                _, (_, gone) = self._entries.popitem(last=False)
                self._size -= gone

    @property
    def size_bytes(self) -> int:
        return self._size

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file of a mount at its real place."""

    place: str
    content: bytes


class SourceCache:
    """One per host, shared by all runtimes and mounts."""

    def __init__(self, limit_bytes: int = MODULE_CACHE_LIMIT_BYTES) -> None:
        self._files: BoundedCache[CachedFile] = BoundedCache(limit_bytes)
        self._imports: BoundedCache[tuple[str, ...]] = BoundedCache(limit_bytes // 8)
        self._packages: BoundedCache[PackageJson] = BoundedCache(limit_bytes // 8)

    def file(self, tree: MountedTree, place: str, located: Located | None = None) -> CachedFile | None:
        """A file's content, read again when its version has changed. None when there is no such file.

        `located` is where the place was just found to be.
        """
        if located is None:
            located = tree.locate(place)
        if located is None or located.is_directory:
            return None
        key = (id(tree), located.place, located.version)
        known = self._files.get(key)
        if known is not None:
            return known
        read = tree.read(place)
        if read is None:
            return None
        now, content = read
        file = CachedFile(now.place, content)
        self._files.put((id(tree), now.place, _version(now.version, content)), file, len(content) + 512)
        return file

    def imports(self, source: bytes, scan: Callable[[bytes], tuple[str, ...]]) -> tuple[str, ...]:
        """What a source imports, scanned once for each content."""
        key = (scan.__name__, hash(source), len(source))
        known = self._imports.get(key)
        if known is None:
            known = scan(source)
            self._imports.put(key, known, 256 + sum(map(len, known)))
        return known

    def package(self, text: bytes, parse: Callable[[bytes], PackageJson]) -> PackageJson:
        """A parsed package.json, once for each content. Raises what `parse` raises."""
        known = self._packages.get(text)
        if known is None:
            known = parse(text)
            self._packages.put(text, known, 512 + 2 * len(text))
        return known


def _version(version: Version, content: bytes) -> Version:
    """The version under which a content may be found again: one that has grown meanwhile is not."""
    return version if len(content) == version.size else type(version)(0, 0, -1, 0)
