"""What of a folder of packages goes to a checker: what the program imports, and nothing outside the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isolatejs.typechecking import packages
from isolatejs.typechecking.language_server import CheckFailedError
from isolatejs.typechecking.packages import imported_packages, package_files


def package(folder: Path, name: str, files: dict[str, str] | None = None, **manifest: object) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "package.json").write_text(json.dumps({"name": name, **manifest}))
    for path, text in (files or {}).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "node_modules"
    package(root, "plain", {"index.d.ts": "export const a: 1;", "index.js": "x" * 100, "data.json": "{}"})
    package(root, "@scope/user", {"index.d.ts": ""}, dependencies={"plain": "*", "nested": "*"})
    package(root, "nested", {"index.d.ts": "outer"})
    package(root / "@scope/user/node_modules", "nested", {"index.d.ts": "inner"})
    package(root, "untyped", {"index.js": "module.exports = 1"})
    package(root, "@types/untyped", {"index.d.ts": "export const u: 1;"})
    package(root, "@types/scope__odd", {"index.d.ts": ""})
    package(root, "unused", {"index.d.ts": ""})
    return root


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import 'plain'; import x from \"@scope/user/deep\";", ("@scope/user", "plain")),
        ("import 'untyped'; import '@scope/odd'", ("@scope/odd", "untyped")),
        (
            "import '..'; import '../plain'; import './x'; import '.bin/x'; import '@scope/..'; import '@../x'",
            (),
        ),
        ("import 'node_modules'; import ''; import '/etc'; import '@scope'", ()),
        ('"' * 1_000, ()),
    ],
)
def test_imported_packages(folder: Path, code: str, names: tuple[str, ...]) -> None:
    (folder / ".bin").mkdir()
    assert imported_packages(str(folder), [code]) == names


def test_declarations_come_with_those_of_dependencies_and_code_by_name(folder: Path) -> None:
    found = package_files(str(folder), ["@scope/user", "untyped"])
    assert sorted(found.files) == [
        "@scope/user/index.d.ts",
        "@scope/user/node_modules/nested/index.d.ts",
        "@scope/user/node_modules/nested/package.json",
        "@scope/user/package.json",
        "@types/untyped/index.d.ts",
        "@types/untyped/package.json",
        "plain/data.json",
        "plain/index.d.ts",
        "plain/index.js",
        "plain/package.json",
        "untyped/index.js",
        "untyped/package.json",
    ]
    assert found.files["plain/index.js"] == b""
    assert found.links == {}


def test_links_inside_the_folder_are_kept_as_package_managers_make_them(tmp_path: Path) -> None:
    root = tmp_path / "node_modules"
    store = root / ".pnpm"
    package(store / "a@1/node_modules", "a", {"index.d.ts": "a"}, dependencies={"b": "*"})
    package(store / "b@1/node_modules", "b", {"index.d.ts": "b"})
    (store / "a@1/node_modules/b").symlink_to("../../b@1/node_modules/b")
    (root / "a").symlink_to(".pnpm/a@1/node_modules/a")
    found = package_files(str(root), ["a"])
    assert sorted(name for name in found.files if name.endswith(".ts")) == [
        ".pnpm/a@1/node_modules/a/index.d.ts",
        ".pnpm/b@1/node_modules/b/index.d.ts",
    ]
    assert found.links == {
        "a": ".pnpm/a@1/node_modules/a",
        ".pnpm/a@1/node_modules/b": "../../b@1/node_modules/b",
    }


def test_links_that_lead_out_of_the_folder_are_not_followed(folder: Path) -> None:
    secret = folder.parent / "secret"
    package(folder.parent, "secret", {"index.d.ts": "secret", "key.json": "secret"})
    (folder / "linked").symlink_to(secret)
    (folder / "plain/stolen.d.ts").symlink_to(secret / "index.d.ts")
    (folder / "plain/folder").symlink_to(secret)
    (folder / "itself").symlink_to(".")
    (folder / "circle").symlink_to("circle")
    found = package_files(str(folder), ["linked", "plain", "itself", "circle", "@scope/.."])
    assert sorted(found.files) == [
        "plain/data.json",
        "plain/index.d.ts",
        "plain/index.js",
        "plain/package.json",
    ]
    assert b"secret" not in b"".join(found.files.values())


@pytest.mark.parametrize(
    "manifest",
    ["[" * 100_000, "{", '{"dependencies": 5}', '{"dependencies": {"../../etc": "*", "/etc": 1, "..": 1, "@plain/..": 1}}'],
)  # fmt: skip
def test_hostile_manifests(folder: Path, manifest: str) -> None:
    (folder / "plain/package.json").write_text(manifest)
    assert {name.partition("/")[0] for name in package_files(str(folder), ["plain"]).files} == {"plain"}


def test_too_much_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "TYPECHECK_PACKAGE_FILES_LIMIT", 3)
    with pytest.raises(CheckFailedError, match="more than 3 files"):
        package_files(str(folder), ["plain"])
    monkeypatch.setattr(packages, "TYPECHECK_PACKAGE_FILES_LIMIT", 100)
    monkeypatch.setattr(packages, "TYPECHECK_PACKAGES_LIMIT_BYTES", 20)
    with pytest.raises(CheckFailedError, match="more than 20 bytes"):
        package_files(str(folder), ["plain"])
