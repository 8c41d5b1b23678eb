"""Memory that is counted over a tree of processes: who joins, who ends, what stays counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from isolatejs.sandbox.launcher import trees, watchdog
from isolatejs.sandbox.launcher.processes import Process
from isolatejs.sandbox.launcher.usage import Usage
from isolatejs.sandbox.launcher.watchdog import MIB, Watchdog

ENGINE = 20 * MIB


@dataclass
class Machine:
    """Processes whose memory a test sets."""

    monkeypatch: pytest.MonkeyPatch
    watchdog: Watchdog = field(default_factory=Watchdog)
    used: dict[str, int] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for module in (watchdog, trees):
            self.monkeypatch.setattr(module, "read_usage", self.usage)
        self.monkeypatch.setattr(Process, "kill", lambda process: self.killed.append(process.id))

    def usage(self, process: Process) -> Usage:
        return Usage(anonymous=ENGINE + self.used.get(process.id, 0) * MIB, data=0, threads=6)

    def start(self, id: str, parent: Process | None = None, *, limit: int = 128, tree: int = 128) -> Process:
        process = Process(id, 0, -1, -1, None, (), -1, limit_bytes=limit * MIB)
        process.anonymous_limit = ENGINE + limit * MIB
        process.mapped_limit = 1 << 60
        if parent is not None:
            assert trees.join(process, parent, tree * MIB)
        return process

    def use(self, process: Process, megabytes: int) -> bool:
        """Let a process use so much, and look at it."""
        self.used[process.id] = megabytes
        return self.watchdog.check(process)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_children_with_the_parents_limit_are_counted_together(machine: Machine) -> None:
    root = machine.start("root")
    children = [machine.start(f"child{number}", root) for number in range(3)]
    assert not machine.use(children[0], 60)
    assert not machine.use(children[1], 60)
    assert machine.use(children[2], 60)
    assert machine.killed == ["child2"]
    assert children[2].over_limit
    assert children[2].over_tree_limit


def test_grandchildren_are_counted_in_every_tree_above(machine: Machine) -> None:
    root = machine.start("root", limit=100)
    child = machine.start("child", root, tree=100)
    grandchild = machine.start("grandchild", child, tree=50)
    assert not machine.use(root, 40)
    assert not machine.use(grandchild, 40)
    assert machine.use(grandchild, 55)  # the child's own tree
    trees.leave(grandchild)
    other = machine.start("other", child, tree=50)
    assert not machine.use(other, 45)
    assert not machine.use(child, 4)
    assert not machine.use(root, 60)  # 60 + 45 + 4 is too much for the root, which is not killed itself
    assert machine.killed == ["grandchild", "other"]


def test_what_was_freed_meanwhile_is_looked_at_before_anybody_is_killed(machine: Machine) -> None:
    root = machine.start("root")
    first, second = machine.start("first", root), machine.start("second", root)
    assert not machine.use(first, 100)
    machine.used["first"] = 10
    assert not machine.use(second, 100)
    assert machine.killed == []


def test_one_that_is_dying_counts_no_more(machine: Machine) -> None:
    root = machine.start("root")
    first, second, third = (machine.start(name, root) for name in ("first", "second", "third"))
    assert not machine.use(first, 60)
    assert machine.use(second, 100)
    assert not machine.use(third, 60)
    assert machine.killed == ["second"]


def test_the_dead_are_not_counted_and_take_their_children_along(machine: Machine) -> None:
    root = machine.start("root")
    child = machine.start("child", root)
    grandchild = machine.start("grandchild", child)
    machine.use(child, 50)
    machine.use(grandchild, 50)
    child.alive = False
    trees.leave(child)
    assert machine.killed == ["grandchild"]
    assert root.tree_used == 50 * MIB  # it is not gone yet
    trees.leave(grandchild)
    assert root.tree_used == 0
    assert root.children == []


def test_nobody_joins_its_own_tree_or_two(machine: Machine) -> None:
    root = machine.start("root")
    child = machine.start("child", root)
    other = machine.start("other")
    assert not trees.join(root, child, 1)
    assert not trees.join(root, root, 1)
    assert not trees.join(child, other, 1)
    assert trees.join(child, root, 1)
    other.alive = False
    assert not trees.join(machine.start("late"), other, 1)


def test_what_a_process_used_before_it_joined_counts(machine: Machine) -> None:
    root, late = machine.start("root"), machine.start("late")
    below = machine.start("below", late)
    machine.use(root, 50)
    machine.use(below, 60)
    assert trees.join(late, root, 100 * MIB)
    assert root.tree_used == 110 * MIB
    assert not machine.use(root, 51)
    assert machine.killed == ["below"]
