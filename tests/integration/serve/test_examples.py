"""The examples about app servers run as they stand."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import httpx

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_app_server() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "app_server.py"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == [
        "{'greeting': 'hello app server, request r1'}",
        "1000000 bytes came back",
        "The operation was aborted",
        "message welcome to /chat None None",
        "message b'\\x00\\xff' None None",
        "close None 1000 bye",
    ]
    assert done.stderr == ""


async def test_mounted_in_starlette() -> None:
    spec = importlib.util.spec_from_file_location("app_server_asgi", EXAMPLES / "app_server_asgi.py")
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    async with (
        example.lifespan(example.app),
        httpx.AsyncClient(transport=httpx.ASGITransport(example.app), base_url="http://x.example") as client,
    ):
        assert (await client.get("/own")).text == "from Python"
        answer = (await client.get("/program/a")).json()
        assert answer == {"url": "http://x.example/program/a", "from": "the sandbox"}
