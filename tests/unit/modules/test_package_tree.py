"""Resolution in a mounted `node_modules`: the layouts that package managers write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.capabilities.modules.mounted_tree import OutsideError
from isolatejs.capabilities.modules.package_json import PackageError
from isolatejs.capabilities.modules.package_tree import EMPTY_MODULE

from .package_folder import lay_out, mount, path_of

if TYPE_CHECKING:
    from pathlib import Path


def test_main_module_browser_and_index(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "plain/index.js": "",
                "main/package.json": {"main": "lib/start"},
                "main/lib/start.js": "",
                "both/package.json": {"main": "./c.js", "module": "./m.js"},
                "both/c.js": "",
                "both/m.js": "",
                "web/package.json": {"main": "./node.js", "browser": "./web.js"},
                "web/node.js": "",
                "web/web.js": "",
                "folder/package.json": {"main": "lib"},
                "folder/lib/index.js": "",
                "broken-main/package.json": {"main": "gone.js"},
                "broken-main/index.js": "",
            },
        )
    )
    assert path_of(tree, "plain") == "/node_modules/plain/index.js"
    assert path_of(tree, "main") == "/node_modules/main/lib/start.js"
    assert path_of(tree, "both") == "/node_modules/both/m.js"
    assert path_of(tree, "both", kind="require") == "/node_modules/both/c.js"
    assert path_of(tree, "web") == "/node_modules/web/web.js"
    assert path_of(tree, "folder") == "/node_modules/folder/lib/index.js"
    assert path_of(tree, "broken-main") == "/node_modules/broken-main/index.js"
    assert path_of(tree, "absent") is None
    assert path_of(tree, "plain/absent.js") is None


def test_nested_goes_before_hoisted(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "a/index.js": "",
                "a/node_modules/dep/index.js": "",
                "dep/index.js": "",
                "b/index.js": "",
                "@scope/c/index.js": "",
                "@scope/c/lib/deep/x.js": "",
            },
        )
    )
    assert path_of(tree, "dep", "/node_modules/a/index.js") == "/node_modules/a/node_modules/dep/index.js"
    assert path_of(tree, "dep", "/node_modules/b/index.js") == "/node_modules/dep/index.js"
    assert path_of(tree, "dep", "/node_modules/@scope/c/lib/deep/x.js") == "/node_modules/dep/index.js"
    assert path_of(tree, "@scope/c") == "/node_modules/@scope/c/index.js"
    assert path_of(tree, "../dep", "/node_modules/b/index.js") == "/node_modules/dep/index.js"


def test_pnpm_store_resolves_from_the_real_place(tmp_path: Path) -> None:
    store = ".pnpm/app@1/node_modules"
    tree = mount(
        lay_out(
            tmp_path,
            {
                f"{store}/app/package.json": {"name": "app", "main": "index.js"},
                f"{store}/app/index.js": "",
                ".pnpm/peer@2/node_modules/peer/index.js": "",
                f"{store}/peer": "-> ../../peer@2/node_modules/peer",
                "app": f"-> {store}/app",
                "peer/index.js": "another version",
            },
        )
    )
    app = path_of(tree, "app")
    assert app == f"/node_modules/{store}/app/index.js"
    assert path_of(tree, "peer", app) == "/node_modules/.pnpm/peer@2/node_modules/peer/index.js"
    assert path_of(tree, "peer") == "/node_modules/peer/index.js"


def test_exports_self_reference_and_imports(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "p/package.json": {
                    "name": "p",
                    "exports": {".": {"workerd": "./w.js", "default": "./d.js"}, "./x": "./x.js"},
                    "imports": {"#own": "./own.js", "#dep": "dep"},
                },
                "p/w.js": "",
                "p/d.js": "",
                "p/x.js": "",
                "p/own.js": "",
                "dep/index.js": "",
            },
        )
    )
    assert path_of(tree, "p") == "/node_modules/p/w.js"
    assert path_of(tree, "p/x") == "/node_modules/p/x.js"
    assert path_of(tree, "p/x", "/node_modules/p/w.js") == "/node_modules/p/x.js"
    assert path_of(tree, "#own", "/node_modules/p/w.js") == "/node_modules/p/own.js"
    assert path_of(tree, "#dep", "/node_modules/p/w.js") == "/node_modules/dep/index.js"
    assert path_of(tree, "p/package.json") == "/node_modules/p/package.json"
    with pytest.raises(PackageError, match=r"'\./d\.js'"):
        path_of(tree, "p/d.js")
    chosen = mount(tmp_path, conditions=("node",))
    assert path_of(chosen, "p") == "/node_modules/p/d.js"


def test_browser_map_replaces_and_turns_off(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "p/package.json": {
                    "browser": {
                        "./lib/node.js": "./lib/web.js",
                        "net": False,
                        "ws": "./ws-web.js",
                        "./off.js": False,
                    }
                },
                "p/index.js": "require('./lib/node')",
                "p/lib/node.js": "",
                "p/lib/web.js": "",
                "p/ws-web.js": "",
                "p/off.js": "",
                "ws/index.js": "",
            },
        )
    )
    index = "/node_modules/p/index.js"
    assert path_of(tree, "./lib/node", index, "require") == "/node_modules/p/lib/web.js"
    assert path_of(tree, "ws", index, "require") == "/node_modules/p/ws-web.js"
    assert path_of(tree, "net", index, "require") == EMPTY_MODULE.path
    assert path_of(tree, "./off", index, "require") == EMPTY_MODULE.path
    assert path_of(tree, "ws") == "/node_modules/ws/index.js"


def test_formats(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "esm/package.json": {"type": "module"},
                "esm/index.js": "",
                "esm/old.cjs": "",
                "esm/sub/package.json": {},
                "esm/sub/x.js": "",
                "cjs/package.json": {"type": "commonjs"},
                "cjs/index.js": "",
                "cjs/new.mjs": "",
                "any/index.js": "",
                "any/data.json": "{}",
                "any/note.txt": "",
                "any/source.ts": "",
                "any/addon.node": "",
            },
        )
    )

    def shape(specifier: str) -> tuple[str, bool, str]:
        found = tree.find(specifier, "/index.js", "import", "", set())
        assert found is not None
        return found[0].format, found[0].certain, found[0].language

    assert shape("esm") == ("module", True, "js")
    assert shape("esm/old.cjs") == ("commonjs", True, "js")
    assert shape("esm/sub/x.js") == ("commonjs", False, "js")
    assert shape("cjs") == ("commonjs", True, "js")
    assert shape("cjs/new.mjs") == ("module", True, "js")
    assert shape("any") == ("commonjs", False, "js")
    assert shape("any/data.json")[0] == "json"
    assert shape("any/note.txt")[0] == "text"
    assert shape("any/source.ts") == ("module", False, "ts")
    with pytest.raises(PackageError, match="native addon"):
        shape("any/addon.node")


def test_a_graph_comes_along_once(tmp_path: Path) -> None:
    tree = mount(
        lay_out(
            tmp_path,
            {
                "p/package.json": {"type": "module"},
                "p/index.js": "import './a.js'; export * from 'dep'; import('./lazy.js')",
                "p/a.js": "import './index.js'",
                "p/lazy.js": "",
                "dep/index.js": "exports.x = require('./y'); // import 'ghost'",
                "dep/y.js": "",
            },
        )
    )
    found = tree.find("p", "/index.js", "import", "", set())
    assert found is not None
    root, brought = found
    assert sorted(module.path for module in brought) == [
        "/node_modules/dep/index.js",
        "/node_modules/dep/y.js",
        "/node_modules/p/a.js",
    ]
    assert root.edges["import||./a.js"] == "/node_modules/p/a.js"
    again = tree.find("p", "/index.js", "import", "", {root.id, *(module.id for module in brought)})
    assert again is not None
    assert again[1] == []


def test_links_lead_only_inside(tmp_path: Path) -> None:
    (tmp_path / "outside.js").write_text("secret")
    links = {
        "relative/index.js": "-> ../../outside.js",
        "absolute/index.js": f"-> {tmp_path}/outside.js",
        "system.js": "-> /etc/passwd",
        "folder": "-> ..",
        "chain": "-> folder",
        "fine": "-> real",
        "real/index.js": "",
    }
    tree = mount(lay_out(tmp_path / "node_modules", links))
    for specifier in ("relative", "absolute", "system.js", "folder/outside.js", "chain/outside", "folder"):
        with pytest.raises(OutsideError):
            path_of(tree, specifier)
    assert path_of(tree, "fine") == "/node_modules/real/index.js"


@pytest.mark.parametrize(
    "specifier",
    [
        "../outside.js",
        "p/../../outside.js",
        "./../outside.js",
        "/etc/passwd",
        "p/%2e%2e/x",
        "p\0",
        "p/" + "a" * 5000,
    ],
)
def test_specifiers_do_not_climb_out(tmp_path: Path, specifier: str) -> None:
    (tmp_path / "outside.js").write_text("secret")
    tree = mount(lay_out(tmp_path / "node_modules", {"p/index.js": ""}))
    forged = ["/node_modules/../x.js", "/node_modules/p/../../../x.js", "/node_modules/../../../../etc/x.js"]
    for importer in ("/index.js", "/node_modules/p/index.js", *forged):
        assert path_of(tree, specifier, importer) is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    tree = mount(lay_out(tmp_path, {"p/index.js": "1"}))
    first = tree.find("p", "/", "import", "", set())
    (tmp_path / "p/index.js").write_text("other")
    second = tree.find("p", "/", "import", "", set())
    assert first is not None
    assert second is not None
    assert (first[0].source, second[0].source) == (b"1", b"other")
