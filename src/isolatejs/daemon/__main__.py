"""`python -m isolatejs.daemon --socket PATH`: what auto-start runs."""

from __future__ import annotations

import argparse
import sys

from isolatejs.daemon.main import detach, serve_daemon
from isolatejs.daemon.packets import default_socket_path
from isolatejs.errors import IsolateError


def main() -> int:
    """Parse the options and serve until drained."""
    parser = argparse.ArgumentParser(prog="isolate-daemon")
    parser.add_argument("--socket", default=default_socket_path())
    parser.add_argument("--idle-exit-ms", type=float, default=None)
    parser.add_argument(
        "--detach", action="store_true", help="return when it listens, and serve in the background"
    )
    options = parser.parse_args()
    try:
        if options.detach:
            return detach(
                lambda ready: serve_daemon(
                    options.socket, idle_exit_ms=options.idle_exit_ms, on_listening=ready
                )
            )
        serve_daemon(options.socket, idle_exit_ms=options.idle_exit_ms)
    except IsolateError as error:
        sys.stderr.write(f"isolate-daemon: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
