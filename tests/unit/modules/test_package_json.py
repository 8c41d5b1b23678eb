"""Node's "exports" and "imports", as its documentation writes the algorithm."""

from __future__ import annotations

import pytest

from isolatejs.capabilities.modules.package_json import (
    PackageError,
    parse_package_json,
    resolve_exports,
    resolve_imports,
    split_package_name,
)
from isolatejs.capabilities.modules.tsconfig import PathAlias

WORKER = frozenset({"workerd", "worker", "browser", "import"})


@pytest.mark.parametrize(
    ("exports", "subpath", "expected"),
    [
        ("./a.js", ".", "./a.js"),
        ({"import": "./a.mjs", "require": "./a.cjs"}, ".", "./a.mjs"),
        ({"node": "./n.js", "default": "./d.js"}, ".", "./d.js"),
        ({"browser": "./b.js", "import": "./i.js"}, ".", "./b.js"),
        ({"import": "./i.js", "browser": "./b.js"}, ".", "./i.js"),
        ({".": "./a.js", "./sub": "./lib/sub.js"}, "./sub", "./lib/sub.js"),
        ({"./*": "./lib/*.js"}, "./deep/x", "./lib/deep/x.js"),
        ({"./features/*.js": "./src/*.js", "./*": "./lib/*"}, "./features/a.js", "./src/a.js"),
        ({"./a/*": "./one/*", "./a/b/*": "./two/*"}, "./a/b/c", "./two/c"),
        ({"./lib/": "./dist/"}, "./lib/x.js", "./dist/x.js"),
        ({".": {"worker": {"import": "./w.mjs"}, "default": "./d.js"}}, ".", "./w.mjs"),
        ({".": {"worker": {"require": "./w.cjs"}, "default": "./d.js"}}, ".", "./d.js"),
        ({".": ["./first.js", "./second.js"]}, ".", "./first.js"),
        ({".": [{"node": "./n.js"}, "./second.js"]}, ".", "./second.js"),
    ],
)
def test_exports_choose(exports: object, subpath: str, expected: str) -> None:
    assert resolve_exports(exports, subpath, WORKER) == expected


@pytest.mark.parametrize(
    ("exports", "subpath"),
    [
        ({".": "./a.js"}, "./b"),
        ({"./private/*": None, "./*": "./lib/*"}, "./private/x"),
        ({"node": "./n.js"}, "."),
        ({".": "../outside.js"}, "."),
        ({".": "/etc/passwd"}, "."),
        ({".": "./a/../../outside.js"}, "."),
        ({"./*": "./lib/*"}, "./../../outside.js"),
        ({".": "other-package"}, "."),
        ({".": "./node_modules/other/index.js"}, "."),
        ({".": "./a.js", "import": "./b.js"}, "."),
        (None, "."),
        (7, "."),
    ],
)
def test_exports_refuse(exports: object, subpath: str) -> None:
    with pytest.raises(PackageError):
        resolve_exports(exports, subpath, WORKER)


def test_imports_lead_to_files_and_packages() -> None:
    imports = {"#dep": {"browser": "dep-polyfill", "default": "./dep.js"}, "#x/*": "./src/x/*.js"}
    assert resolve_imports(imports, "#dep", WORKER) == "dep-polyfill"
    assert resolve_imports(imports, "#x/a/b", WORKER) == "./src/x/a/b.js"
    for missing in ("#other", "#", "#/x"):
        with pytest.raises(PackageError):
            resolve_imports(imports, missing, WORKER)


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("zod", ("zod", ".")),
        ("zod/v4", ("zod", "./v4")),
        ("@babel/core", ("@babel/core", ".")),
        ("@babel/core/lib/x.js", ("@babel/core", "./lib/x.js")),
        ("@babel", None),
        ("", None),
        (".hidden", None),
        ("a%2fb", None),
        ("a\\b", None),
    ],
)
def test_package_names(specifier: str, expected: tuple[str, str] | None) -> None:
    assert split_package_name(specifier) == expected


@pytest.mark.parametrize("text", [b"", b"[]", b"nonsense", b"[" * 100_000, b'"text"'])
def test_broken_package_json_is_refused(text: bytes) -> None:
    with pytest.raises(PackageError):
        parse_package_json(text)


def test_fields_of_the_wrong_type_count_as_absent() -> None:
    package = parse_package_json(b'{"name": 1, "main": [], "browser": {"a": 1, "b": false}, "imports": []}')
    assert (package.name, package.main, package.imports) == (None, None, {})
    assert package.browser_map == {"b": False}


def test_a_manifest_of_megabytes_is_not_parsed() -> None:
    with pytest.raises(PackageError, match="more than 1048576 bytes"):
        parse_package_json(b'{"a": [' + b"[]," * 400_000 + b"[]]}")


def test_targets_do_not_multiply_what_was_asked_for() -> None:
    """A package of a stranger: a target of 100,000 stars, asked for with a long name."""
    exports = {"./*": "./" + "*" * 100_000}
    with pytest.raises(PackageError, match="too long"):
        resolve_exports(exports, "./" + "x" * 8_000, frozenset())
    alias = PathAlias("@/", "", ("*" * 100_000, "./src/*"))
    assert alias.match("@/" + "x" * 8_000) == ("./src/" + "x" * 8_000,)


def test_conditions_within_conditions_end() -> None:
    nested: object = "./x.js"
    for _ in range(900):
        nested = {"default": nested}
    with pytest.raises(PackageError, match="too deep"):
        resolve_exports(nested, ".", frozenset())
    nested = "./x.js"
    for _ in range(40):
        nested = {"default": nested}
    assert resolve_exports(nested, ".", frozenset()) == "./x.js"
