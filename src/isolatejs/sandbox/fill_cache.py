"""Runs the kernel once without a program, so that the engine leaves its compiled code in the cache."""

from __future__ import annotations

import array
import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING

from isolatejs.errors import IsolateError

from .engine import engine_argv

if TYPE_CHECKING:
    from .engine_cache import EngineCache
    from .launcher_client import LauncherClient
    from .sandbox import Sandbox

logger = logging.getLogger("isolatejs.sandbox")

FILL_TIMEOUT_S = 20.0


async def fill_cache(client: LauncherClient, cache: EngineCache) -> bool:
    """Fill and keep the cache. False when that cannot be done: sandboxes then start without."""
    argv = engine_argv(client.place["engine"], client.place["image"], cached=True, warm=True)
    try:
        sandbox = await client.spawn(argv, one_shot=True, fill=True)
    except IsolateError as error:
        logger.info("no cache of compiled guest code: %s", error)
        return False
    try:
        async with asyncio.timeout(FILL_TIMEOUT_S):
            directory = await _receive_directory(sandbox)
            try:
                await asyncio.shield(sandbox.exited)
                return await asyncio.to_thread(cache.store, directory)
            finally:
                os.close(directory)
    except (TimeoutError, OSError) as error:
        logger.info("no cache of compiled guest code: %s", error)
        return False
    finally:
        await sandbox.aclose()


async def _receive_directory(sandbox: Sandbox) -> int:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sandbox.channel_socket.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sandbox.channel_socket.fileno())
    descriptors = array.array("i", [-1])
    _, ancillary, _, _ = sandbox.channel_socket.recvmsg(
        1, socket.CMSG_SPACE(descriptors.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    if not ancillary:
        raise OSError("the process ended before it told where its cache is")
    (received,) = array.array("i", ancillary[0][2][: descriptors.itemsize])
    return received
