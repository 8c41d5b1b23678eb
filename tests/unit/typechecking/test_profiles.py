"""Profiles and the declarations behind them."""

from __future__ import annotations

import re

import pytest

from isolatejs.errors import ConfigurationError
from isolatejs.typechecking.node_modules import node_imports, node_modules, uses_node_modules
from isolatejs.typechecking.profiles import CAPABILITIES, PROFILES, get_type_profile, profile_of_grants


def test_a_profile_names_its_capabilities_and_files() -> None:
    profile = get_type_profile(profile="browser-test", capabilities=["files"])
    assert profile.profile == "browser-test"
    assert set(profile.capabilities) >= {"browser", "tests", "files", "console"}
    assert {"testing", "browser", "files", "web"} <= set(profile.include)
    assert [file.name for file in profile.files] == [f"{name}.d.ts" for name in profile.include]
    assert "declare function getDirectory" in profile.text


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_capability_extends_every_profile(profile: str, capability: str) -> None:
    extended = get_type_profile(profile, [capability])
    assert extended.capabilities.count(capability) == 1
    assert set(PROFILES[profile]) <= set(extended.capabilities)


def test_grants_of_a_runtime_are_declared_exactly() -> None:
    assert "files" not in profile_of_grants(["fetch"]).include
    assert "declare function fetch" not in profile_of_grants([]).text
    assert "declare function fetch" in profile_of_grants(["fetch"]).text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("backnd", ()), "profile: unknown name 'backnd', did you mean 'backend'"),
        (("agent", ["fech"]), "capabilities: unknown name 'fech', did you mean 'fetch'"),
        (("agent", ["zzz"]), "there are fetch, files"),
    ],
)
def test_unknown_names(arguments: tuple[str, list[str]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        get_type_profile(*arguments)


def test_node_modules_are_those_of_the_linker() -> None:
    assert node_modules()["fs"]
    assert not node_modules()["child_process"]
    assert len(node_modules()) > 50
    assert node_imports()["fs"] == "node:fs"
    assert node_imports()["node:child_process"] is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import fs from 'node:fs'", True),
        ('import p from "path"', True),
        ("await import('fs/promises')", True),
        ("import x from './path'", False),
        ("const path = 1", False),
        ("import x from 'pathology'", False),
    ],
)
def test_programs_that_use_node_modules(code: str, expected: bool) -> None:
    assert uses_node_modules(code) is expected
