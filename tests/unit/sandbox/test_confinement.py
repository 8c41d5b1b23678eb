"""The report of layers."""

from __future__ import annotations

import pytest

from isolatejs.sandbox.confinement import ConfinementReport, Layer
from isolatejs.sandbox.launcher.wall import REQUIRED, Wall


def test_a_report_names_what_is_missing() -> None:
    report = ConfinementReport(
        "best_effort", (Layer("seccomp", True), Layer("landlock", False, "too old a kernel"))
    )
    assert [layer.name for layer in report.missing] == ["landlock"]
    assert report["landlock"].reason == "too old a kernel"
    with pytest.raises(KeyError):
        report["nothing"]


def test_require_fails_closed_and_best_effort_remembers() -> None:
    def fail() -> None:
        raise PermissionError(1, "not here")

    with pytest.raises(OSError, match="landlock"):
        Wall("require").apply("landlock", fail)
    lenient = Wall("best_effort")
    lenient.apply("landlock", fail)
    assert lenient.statuses["landlock"][0] is False


def test_off_sets_nothing_up_but_resource_limits() -> None:
    wall = Wall("off")
    done: list[str] = []
    for name in REQUIRED:
        wall.apply(name, lambda name=name: done.append(name))
    assert done == ["resource limits"]
