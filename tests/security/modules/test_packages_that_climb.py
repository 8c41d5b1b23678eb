"""Packages whose package.json, links or names lead out of the mount. Nothing outside is ever sent."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from isolatejs import IsolateHost, create_isolate_host, create_module_resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


MANIFESTS = {
    "main": {"main": "../../secret.js"},
    "absolute-main": {"main": "{outside}/secret.js"},
    "module": {"module": "../../secret.js"},
    "browser": {"browser": "../../secret.js"},
    "browser-map": {"browser": {"./index.js": "../../secret.js", "dep": "../../secret.js"}},
    "exports": {"exports": "../../secret.js"},
    "exports-dots": {"exports": "./a/../../../secret.js"},
    "exports-pattern": {"exports": {"./*": "./*"}},
    "exports-folder": {"exports": {"./": "../../"}},
    "exports-absolute": {"exports": "{outside}/secret.js"},
    "exports-url": {"exports": "file://{outside}/secret.js"},
    "imports": {"imports": {"#secret": "../../secret.js", "#root": "{outside}/secret.js"}},
}


@pytest.mark.parametrize("name", MANIFESTS)
async def test_manifest_leads_out(name: str, host: IsolateHost, tmp_path: Path) -> None:
    (tmp_path / "secret.js").write_text("module.exports = 'SECRET'; export default 'SECRET'")
    package = tmp_path / "node_modules" / name
    package.mkdir(parents=True)
    manifest = json.dumps(MANIFESTS[name]).replace("{outside}", str(tmp_path))
    (package / "package.json").write_text(manifest)
    (package / "index.js").write_text("module.exports = require('dep')")
    (package / "inside.mjs").write_text("export const load = (specifier) => import(specifier)")
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path / "node_modules")
    program = f"""
        const {{ load }} = await import("/node_modules/{name}/inside.mjs");
        const tried = ["{name}", "{name}/secret.js", "{name}/../../secret.js", "{name}/x", "#secret", "#root",
          "../../secret.js", "{tmp_path}/secret.js", "/node_modules/../secret.js", "./../../secret"];
        const got = [];
        for (const importer of [load, (s) => import(s)]) {{
          for (const specifier of tried) {{
            try {{ got.push(JSON.stringify(await importer(specifier))) }} catch (e) {{ got.push(e.message) }}
          }}
        }}
        got.join()"""
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        assert "SECRET" not in await runtime.eval(program)


async def test_links_devices_and_pipes_inside_a_mount(host: IsolateHost, tmp_path: Path) -> None:
    (tmp_path / "secret.js").write_text("module.exports = 'SECRET'")
    mount = tmp_path / "node_modules"
    (mount / "p").mkdir(parents=True)
    (mount / "p/out.js").symlink_to(tmp_path / "secret.js")
    (mount / "p/relative.js").symlink_to("../../secret.js")
    (mount / "p/proc.js").symlink_to("/proc/self/environ")
    (mount / "p/root").symlink_to("/")
    (mount / "p/up").symlink_to("../..")
    (mount / "p/loop.js").symlink_to("loop.js")
    os.mkfifo(mount / "p/pipe.js")
    (mount / "p/zero.js").symlink_to("/dev/zero")
    (mount / "q").symlink_to(tmp_path)
    modules = create_module_resolver().mount_node_modules("/node_modules", mount)
    names = [
        "p/out.js", "p/relative.js", "p/proc.js", f"p/root{tmp_path}/secret.js", "p/up/secret.js",
        "p/loop.js", "p/pipe.js", "p/zero.js", "q/secret.js", "p/root/etc/passwd", "p/root/proc/self/cmdline",
    ]  # fmt: skip
    program = f"""
        const got = [];
        for (const name of {names!r}) {{
          try {{ got.push(Object.values(await import(name))) }} catch (e) {{ if (!e.code) throw e }}
          try {{ got.push(Object.values(await import(name, {{ with: {{ type: "text" }} }}))) }} catch {{}}
        }}
        got"""
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        assert await runtime.eval(program, execution_timeout_ms=10_000) == []


async def test_link_swapped_while_it_is_imported(host: IsolateHost, tmp_path: Path) -> None:
    """A path flips between a file and a link to a secret; only ever the file may be seen."""
    import threading

    mount = tmp_path / "node_modules"
    (mount / "p").mkdir(parents=True)
    (tmp_path / "secret.js").write_text("module.exports = 'SECRET'")
    inside, link = mount / "p/x.js", mount / "p/x.tmp"
    inside.write_text("module.exports = 'fine'")
    stop = threading.Event()

    def flip() -> None:
        while not stop.is_set():
            link.symlink_to(tmp_path / "secret.js")
            link.rename(inside)
            link.write_text("module.exports = 'fine'")
            link.rename(inside)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        modules = create_module_resolver().mount_node_modules("/node_modules", mount)
        async with host.create_runtime(bindings={"modules": modules}) as runtime:
            program = """
                const seen = new Set();
                for (let i = 0; i < 300; i++) {
                  try { seen.add((await import(`p/x.js?${i}`)).default) } catch (e) { seen.add(e.code) }
                }
                [...seen]"""
            assert "SECRET" not in await runtime.eval(program)
    finally:
        stop.set()
        flipper.join()


async def test_nothing_of_a_package_runs_on_the_host(host: IsolateHost, tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    marker = tmp_path / "ran"
    touch = f"require('child_process').execSync('touch {marker}')"
    (package / "package.json").write_text(
        json.dumps(
            {"scripts": {"preinstall": f"touch {marker}", "postinstall": f"touch {marker}"}, "main": "x.js"}
        )
    )
    (package / "x.js").write_text(f"try {{ {touch} }} catch (e) {{ module.exports = e.code }}")
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path)
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        assert await runtime.eval("import p from 'p'; p") == "ERR_UNKNOWN_BUILTIN_MODULE"
    assert not marker.exists()
