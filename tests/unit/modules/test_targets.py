"""Specifiers in one normal form, or refused."""

from __future__ import annotations

import pytest

from isolatejs.capabilities.modules.package_json import split_package_name
from isolatejs.capabilities.modules.targets import ClimbingError, normal_target, path_below, require_plain
from isolatejs.capabilities.modules.tsconfig import PathAlias

NORMAL = [
    ("./b", "/a/x.js", "/a/b"),
    ("../../../b", "/a/x.js", "/b"),
    ("/a//b/../c", "/x", "/a/c"),
    ("//etc/passwd", "/x", "/etc/passwd"),
    ("./b", "not/absolute.js", "/not/b"),
    ("../../b", "not/absolute.js", "/b"),
    ("file:///a/../../b", "/x", "/b"),
    ("FILE:///a/./b", "/x", "/a/b"),
    ("lodash/fp", "/x", "lodash/fp"),
    ("punycode/", "/x", "punycode/"),
    ("#internal/x", "/x", "#internal/x"),
    ("node:fs", "/x", "node:fs"),
    ("npm:@scope/name@1/part", "/x", "npm:@scope/name@1/part"),
    ("https://cdn/lib/../../x?a=../b", "/x", "https://cdn/x?a=../b"),
    ("https://CDN:1/lib/./x", "/x", "https://CDN:1/lib/x"),
    ("./y", "https://cdn/lib/x.js", "https://cdn/lib/y"),
    ("../../../y", "https://cdn/lib/x.js", "https://cdn/y"),
    ("/y", "https://cdn/lib/x.js", "https://cdn/y"),
    ("../../y", "npm:x/z", "/y"),
    ("data:text/javascript,a//..\\%2e", "/x", "data:text/javascript,a//..\\%2e"),
]


@pytest.mark.parametrize(("specifier", "importer", "target"), NORMAL)
def test_normal_form(specifier: str, importer: str, target: str) -> None:
    assert normal_target(specifier, importer) == target


CLIMBING = [
    "@app/../secret.txt",
    "@app//etc/passwd",
    "@app/./x",
    "app/..",
    "..\\x",
    "./..\\..\\x",
    "a\0b",
    "./a\nb",
    "./%2e%2e/x",
    "./%2E./x",
    "/a/%2f/x",
    "@app/%5cx",
    "./%252e%252e/x",
    "./%25252E/x",
    "https://cdn/%2e%2e/x",
    "https://cdn\\x",
    "jsr:@app/../x",
    "npm:a//b",
    "/" + "a/" * 300,
]


@pytest.mark.parametrize("specifier", CLIMBING)
@pytest.mark.parametrize("importer", ["/src/a.ts", "https://cdn/lib/a.js", "npm:x"])
def test_specifiers_that_climb(specifier: str, importer: str) -> None:
    with pytest.raises(ClimbingError):
        normal_target(specifier, importer)


@pytest.mark.parametrize(
    "relative", ["../x", "a/../b", "/etc/passwd", "a//b", "./a", "a/.", "a\\b", "a\0", "a%2fb"]
)
def test_parts_behind_a_prefix(relative: str) -> None:
    for prefix in ("@app/", "/src/", "https://cdn/lib/"):
        with pytest.raises(ClimbingError):
            path_below(prefix, prefix + relative)
        assert path_below(prefix, "other/" + relative) is None
    with pytest.raises(ClimbingError):
        require_plain(relative, "it")
    assert path_below("@app/", "@app/a..b/.c.ts") == "a..b/.c.ts"


def test_names_of_packages_that_climb() -> None:
    for name in (
        "@scope/..",
        "@scope/../..",
        "..",
        ".",
        "p/../../q",
        "p//q",
        "p/./q",
        "p\\q",
        "p/a\\b",
        "p/%2e%2e/q",
    ):
        assert split_package_name(name) is None, name
    assert split_package_name("p/") == ("p", ".")
    assert split_package_name("@s/p/a/b.js") == ("@s/p", "./a/b.js")


def test_stars_of_aliases() -> None:
    alias = PathAlias("@/", "", ("/src/*",))
    assert alias.match("@/a/b") == ("/src/a/b",)
    for climbing in ("@/../secret", "@/a/../../b", "@/..", "@/%2e%2e/x"):
        assert alias.match(climbing) == ()
