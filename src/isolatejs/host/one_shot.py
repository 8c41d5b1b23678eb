"""`isolatejs.run()`: one program, one sandbox, one call."""

from __future__ import annotations

import asyncio
from typing import Any

from isolatejs.errors import ConfigurationError
from isolatejs.host.isolate_host import create_isolate_host
from isolatejs.host.script_runtime import DEFAULT_FILENAME

_HOST_OPTIONS = ("engine", "daemon", "confinement", "pool_size")


def run(code: str, *, filename: str = DEFAULT_FILENAME, **options: Any) -> Any:
    """Run a program in a sandbox of its own and give its value; blocks. `isolatejs.run("1 + 1") == 2`.

    Takes the options of `create_isolate_host` and of `create_runtime`. Raises what `eval` raises, and
    ConfigurationError inside a running event loop, where `create_isolate_host` is the right call.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise ConfigurationError("run() blocks; inside a running event loop use create_isolate_host()")
    host_options = {"pool_size": 0} | {name: options.pop(name) for name in _HOST_OPTIONS if name in options}

    async def once() -> Any:
        async with (
            create_isolate_host(**host_options) as host,
            host.create_runtime(**options) as runtime,
        ):
            value = await runtime.eval(code, filename)
            if callable(value) or hasattr(value, "__anext__"):
                raise ConfigurationError(
                    "run(): the program's value is alive only while its runtime is; use a host"
                )
            return value

    return asyncio.run(once())
