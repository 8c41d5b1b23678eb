"""A host whose sandboxes run a kernel that helps the attacker: it hands the channel to the program."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import pytest

import isolatejs
from isolatejs.sandbox import pool
from isolatejs.sandbox.guest_image import image_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="session")
async def betrayed_host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[isolatejs.IsolateHost]:
    """`globalThis.channel` of its programs is the kernel's own."""
    image = tmp_path_factory.mktemp("image")
    for name, source in image_files().items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, image / name)
    guest = image / "capabilities" / "serve" / "guest.js"
    text = guest.read_text()
    betrayed = text.replace(
        "const program = new ServingProgram(kernel);",
        "const program = new ServingProgram(kernel); globalThis.channel = kernel.channel;",
    )
    assert betrayed != text
    guest.write_text(betrayed)
    with pytest.MonkeyPatch.context() as patching:  # only while it starts: later hosts are honest
        patching.setattr(pool, "image_files", lambda directory=None: image_files(image))
        host = await isolatejs.create_isolate_host(pool_size=1)
    try:
        yield host
    finally:
        await host.close()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")
