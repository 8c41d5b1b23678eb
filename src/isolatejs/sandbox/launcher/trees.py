"""Trees: what a runtime and all that its program started through nested hosts use together.

The limit of a tree bounds it as far as looks go: when it is passed, the one that has just grown is killed, then the
largest ones below the root, until the rest fits. Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .usage import read_usage

if TYPE_CHECKING:
    from .processes import Process


def join(process: Process, parent: Process, tree_limit_bytes: int) -> bool:
    """Count a process in its parent's tree from now on. False when it cannot be this one's child."""
    above: Process | None = parent
    while above is not None:
        if above is process:
            return False
        above = above.parent
    if process.parent is not None or not parent.alive:
        return process.parent is parent
    process.parent = parent
    parent.children.append(process)
    parent.tree_limit = tree_limit_bytes
    _add(parent, process.tree_used)
    for member in (parent, process):
        _count(member)
    return True


def leave(process: Process) -> None:
    """A process has ended: what it used counts no more, and what it started ends too."""
    _add(process, -process.used)
    process.used = 0
    for child in process.children:
        child.kill()
    if process.parent is not None:
        process.parent.children.remove(process)


def is_over(process: Process) -> bool:
    """End processes of a tree that uses too much; whether this one, at which we look, is one of them."""
    before = process.used
    _count(process, process.last_anonymous)
    grown = process if process.used > before else None
    above: Process | None = process
    while above is not None:
        if above.tree_limit and above.tree_used > above.tree_limit:
            _shrink(above, grown)
        above = above.parent
    return process.over_limit


def _shrink(root: Process, grown: Process | None) -> None:
    """End the one that has just grown, then the largest ones, until the rest fits; never the root itself."""
    below = [member for member in _below(root) if member.alive and not member.over_limit]
    for member in (root, *below):  # what the others used is only known from their last looks
        _count(member)
    below.sort(key=lambda member: (member is grown, member.used))
    while below and root.tree_used > root.tree_limit:
        ending = below.pop()
        _add(ending, -ending.used)
        ending.used = 0
        ending.over_limit = ending.over_tree_limit = True
        ending.kill()


def _count(process: Process, anonymous: int | None = None) -> None:
    """Bring up to date what a process uses without its engine's own part."""
    if process.over_limit:
        return  # it is dying
    if anonymous is None:
        usage = read_usage(process)
        anonymous = 0 if usage is None else usage.anonymous
    engine = process.anonymous_limit - process.limit_bytes
    used = max(0, anonymous - engine)
    _add(process, used - process.used)
    process.used = used


def _add(process: Process, change: int) -> None:
    """Count a change of what a process uses in its own tree and in all that it is part of."""
    part: Process | None = process
    while part is not None:
        part.tree_used += change
        part = part.parent


def _below(process: Process) -> list[Process]:
    """All processes of the tree but its root."""
    found = list(process.children)
    for member in found:  # which grows meanwhile
        found.extend(member.children)
    return found
