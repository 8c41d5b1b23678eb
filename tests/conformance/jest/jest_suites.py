"""Jest's own test files, prepared to run in a test runtime."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import isolatejs
from integration.modules.npm import install_packages
from isolatejs import create_file_bindings, create_isolate_host, create_module_resolver

if TYPE_CHECKING:
    from isolatejs.capabilities.modules.bindings import ModuleResolver
    from isolatejs.capabilities.testing.results import TestRunResult

HERE = Path(__file__).parent
PACKAGES = HERE / "packages"
SUITES = sorted(path for path in PACKAGES.rglob("*.test.*") if path.suffix != ".snap")
FRAMEWORK = Path(isolatejs.__file__).parent / "capabilities" / "testing"
NPM_PACKAGES = {"fast-check": "3.23.2", "immutable": "4.3.7", "linkedom": "0.18.12"}
STAND_INS = {
    "@fast-check/jest": "/stand_ins/fast_check_jest.js",
    "@jest/expect-utils": "/packages/expect-utils/src/index.js",
    "@jest/test-utils": "/stand_ins/test_utils.js",
    "chalk": "/stand_ins/chalk.cjs",
    "jest-matcher-utils": "/packages/jest-matcher-utils/src/index.js",
    "pretty-format": "/stand_ins/pretty_format.js",
}
REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); '
DOM = (
    'import { parseHTML } from "linkedom"; '
    'Object.assign(globalThis, { document: parseHTML("<html>").document, window: globalThis }); '
)
COLOUR = re.compile(r"<[bdgiryY]>|</i?>|</?(?:bold|color|dim|green|intensity|inverse|red|yellow)>")
"""How Jest's snapshots of messages write escape sequences."""


def modules() -> ModuleResolver:
    """What Jest's files import: stand-ins for Jest's packages, and packages of npm."""
    return (
        create_module_resolver()
        .import_map(STAND_INS)
        .virtual("vm", (HERE / "stand_ins" / "vm.js").read_text())
        .source_tree("/packages", PACKAGES)
        .source_tree("/stand_ins", HERE / "stand_ins")
        .source_tree("/framework", FRAMEWORK)
        .mount_node_modules("/node_modules", install_packages("hoisted", NPM_PACKAGES))
    )


def program(suite: Path) -> str:
    """The file as it is, and on its first line what CommonJS and Jest's DOM environment give it."""
    code = suite.read_text()
    given = ""
    if "require(" in code:
        given += REQUIRE
        code = re.sub(r"^import (\w+) = require\(", r"const \1 = require(", code, flags=re.MULTILINE)
    if "@jest-environment jsdom" in code:
        given += DOM
    return given + code


def write_snapshots(suite: Path, root: Path) -> None:
    """The snapshots that Jest recorded of a file, below `root` and without their colours."""
    recorded = suite.parent / "__snapshots__" / f"{suite.name}.snap"
    if not recorded.exists():
        return
    copy = root / recorded.relative_to(HERE)
    copy.parent.mkdir(parents=True)
    copy.write_text(COLOUR.sub("", recorded.read_text()))


async def run_suite(suite: Path, root: Path) -> TestRunResult:
    """Run one of SUITES. Its snapshots are compared, and none is written."""
    write_snapshots(suite, root)
    name = f"/{suite.relative_to(HERE).as_posix()}"
    snapshots = create_file_bindings(root)
    async with (
        create_isolate_host(pool_size=0) as host,
        host.create_test_runtime(bindings={"modules": modules()}, snapshots=snapshots) as runtime,
    ):
        return await runtime.run(program(suite), filename=name, update_snapshots="none", timeout_ms=20_000)
