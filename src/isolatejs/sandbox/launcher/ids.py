"""User ids of sandboxes whose host is root without user namespaces: one each, so that the kernel counts for each.

With an id of its own a sandbox has its own number of threads (RLIMIT_NPROC), and no other sandbox may touch what
belongs to it. Standard library only.
"""

from __future__ import annotations

import itertools
import os
import random
from typing import TYPE_CHECKING, Final

from .wall import UNPRIVILEGED_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_IDS: Final = range(1_879_048_192, 2_147_000_000)
"""No distribution, service or container manager hands these out."""


class SandboxIds:
    """The ids that one launcher gives to its sandboxes. `uid_map` is the text of /proc/self/uid_map."""

    def __init__(self, uid_map: str) -> None:
        maps = [[int(field) for field in line.split()] for line in uid_map.splitlines()]
        self.are_own = any(
            inside <= OWN_IDS.start and OWN_IDS.stop <= inside + count for inside, _, count in maps
        )
        """Whether each has its own: in a user namespace with a few ids, all are `nobody`."""
        self._ids = self._own() if self.are_own else itertools.repeat(UNPRIVILEGED_ID)

    @classmethod
    def of_this_process(cls, proc: int) -> SandboxIds:
        """For the ids that exist where this process is; `proc` is an open /proc."""
        with os.fdopen(os.open("self/uid_map", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)) as file:
            return cls(file.read())

    def take(self) -> int:
        """The id of the next sandbox."""
        return next(self._ids)

    def _own(self) -> Iterator[int]:
        # From somewhere: launchers know nothing of each other.
        start = random.randrange(len(OWN_IDS))
        for number in itertools.count(start):
            yield OWN_IDS[number % len(OWN_IDS)]
