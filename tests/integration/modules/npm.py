"""Real packages from npm, installed once with the engine's own package client into the repository's cache.

Exact versions; `hoisted` is the flat tree that npm writes, `isolated` the linked store that pnpm writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from isolatejs.sandbox.engine import find_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = {
    "@babel/core": "8.1.2",
    "ajv": "8.20.0",
    "cheerio": "1.2.0",
    "date-fns": "4.4.0",
    "hono": "4.13.19",
    "itty-router": "6.0.0",
    "lodash": "4.18.1",
    "marked": "18.2.1",
    "mathjs": "15.2.0",
    "openai": "7.57.0",
    "react": "19.3.1",
    "react-dom": "19.3.1",
    "typescript": "5.9.3",
    "uuid": "14.0.3",
    "yaml": "2.9.1",
    "zod": "4.6.7",
}
Layout = Literal["hoisted", "isolated"]
_CACHE = Path(__file__).parents[3] / ".cache" / "npm"


def install_packages(layout: Layout, packages: Mapping[str, str] = PACKAGES) -> Path:
    """The `node_modules` with these packages."""
    version = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()[:12]
    done = _CACHE / f"{layout}-{version}"
    if not done.is_dir():
        building = _CACHE / f"{layout}-{version}.{os.getpid()}"
        building.mkdir(parents=True)
        (building / "package.json").write_text(json.dumps({"dependencies": packages}))
        mode = "manual" if layout == "hoisted" else "auto"
        subprocess.run(
            [
                find_engine().path, "install", "--quiet", "--no-lock",
                f"--node-modules-dir={mode}", f"--node-modules-linker={layout}",
            ],
            cwd=building,
            env={**os.environ, "DENO_DIR": str(_CACHE / "deno"), "DENO_NO_UPDATE_CHECK": "1"},
            check=True,
            timeout=300,
        )  # fmt: skip
        try:
            building.rename(done)
        except OSError:  # somebody else was faster
            shutil.rmtree(building)
    return done / "node_modules"
