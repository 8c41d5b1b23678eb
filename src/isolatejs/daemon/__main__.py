"""`python -m isolatejs.daemon --socket PATH`: what auto-start runs. For people there is `isolate-daemon`."""

from __future__ import annotations

import argparse
import sys

from isolatejs.daemon.main import detach, serve_daemon
from isolatejs.daemon.settings import DaemonSettings
from isolatejs.errors import IsolateError


def main() -> int:
    """Parse the options and serve until drained."""
    parser = argparse.ArgumentParser(prog="isolate-daemon")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--idle-exit-ms", type=float, default=None)
    parser.add_argument("--detach", action="store_true", help="return when it listens; serve on")
    options = parser.parse_args()
    settings = DaemonSettings(socket_path=options.socket, idle_exit_ms=options.idle_exit_ms)
    if options.detach:
        return detach(lambda on_listening: serve_daemon(settings, on_listening))
    try:
        serve_daemon(settings)
    except IsolateError as error:
        sys.stderr.write(f"isolate-daemon: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
