"""A loader of an embedder is promised paths below its prefix; a program must not hand it others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from isolatejs import IsolateHost, create_isolate_host, create_module_resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


TAILS = [
    "../secret.txt",
    "..",
    "a/../../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "./x",
    "a//b",
    "..\\secret.txt",
    "\\..\\secret.txt",
    "%2e%2e/secret.txt",
    "%2E%2E%2Fsecret.txt",
    "%252e%252e/secret.txt",
    "a/%5c../x",
    "a\0b",
    "a\n../x",
    "?/../../x",
    "#/../../x",
    "a/b/c/../../../../x",
]
PREFIXES = ["@app/", "app/", "/src/", "https://cdn/lib/", "virtual:x/", "jsr:@a/"]


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_source_trees(prefix: str, host: IsolateHost) -> None:
    asked: list[str] = []

    def load(path: str) -> str | None:
        asked.append(path)
        return "export default import.meta.url" if path == "ok.js" else None

    modules = create_module_resolver().source_tree(prefix, load)
    modules.import_map({"mapped/": prefix})
    specifiers = [start + tail for tail in TAILS for start in (prefix, "mapped/", prefix + "lib/../")]
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        await runtime.eval(
            f"for (const s of {json.dumps(specifiers)})"
            "  for (const type of ['', 'text', 'json']) await import(s, type ? { with: { type } } : {}).catch(() => {});"
            "const { createRequire } = await import('node:module');"
            f"for (const s of {json.dumps(specifiers)}) try {{ createRequire('/x/../../y.js')(s) }} catch {{}}"
        )
        assert await runtime.eval(f"(await import('{prefix}ok.js')).default.length > 0")
    assert "ok.js" in asked
    for path in asked:
        assert not path.startswith("/"), path
        assert not {"", ".", ".."} & set(path.split("/")), path
        assert not set(path) & set("\0\n\\"), path
        assert "%2" not in path.lower(), path
        assert "%5c" not in path.lower(), path


@pytest.mark.parametrize(
    "importer", ["/a/b.js", "a", "../../x", "npm:x/y", "https://cdn/a/b.js", "//x", "/../.."]
)
async def test_fallbacks(importer: str, host: IsolateHost) -> None:
    """Relative specifiers arrive as absolute paths or URLs, wherever the importer says it is."""
    asked: list[tuple[str, str]] = []

    def load(specifier: str, importer: str) -> str | None:
        asked.append((specifier, importer))
        return None

    specifiers = ["./x", "../x", "../../../x", "/x/../y", *(f"@app/{tail}" for tail in TAILS)]
    async with host.create_runtime(bindings={"modules": create_module_resolver().fallback(load)}) as runtime:
        await runtime.eval(
            "const { createRequire } = await import('node:module');"
            f"let r; try {{ r = createRequire({json.dumps(importer)}) }} catch {{ r = createRequire('/x') }}"
            f"for (const s of {json.dumps(specifiers)}) try {{ r(s) }} catch {{}}"
        )
    for texts in asked:
        for text in texts:
            path = text.split("?")[0].split("#")[0]
            assert not {".", ".."} & set(path.split("/")), text
            assert "\\" not in path, text
    assert {path for path, _ in asked} & {"/x", "https://cdn/x"}
