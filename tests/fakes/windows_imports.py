"""Imports every module that a host or the command line may need, as far as possible as Windows would.

A script: prints what could not be imported. What `os`, `signal`, `socket` and `select` have on Unix only is
removed, and modules that only Unix has are blocked, once the standard library and other people's packages,
which would look for modules of Windows, are there.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import multiprocessing
import os
import pkgutil
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile

import deno
import fsspec
import httpx
import opentelemetry.metrics
import playwright.async_api
import pytest
import rich.console
import rich.live
import rich.progress
import rich.table
import starlette.applications
import typer
import uvicorn
import websockets

LOADED_BEFORE = (
    asyncio,
    ctypes,
    multiprocessing,
    sqlite3,
    subprocess,
    tempfile,
    deno,
    fsspec,
    httpx,
    rich.console,
)
LOADED_BEFORE += (
    rich.live,
    rich.progress,
    rich.table,
    starlette.applications,
    typer,
    uvicorn,
    websockets,
    pytest,
)
LOADED_BEFORE += (opentelemetry.metrics, playwright.async_api)
FLAGS_OF_WINDOWS = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_APPEND", "O_CREAT", "O_EXCL", "O_TRUNC")
UNIX_ONLY = {
    os: """
        WNOHANG chown fchmod fchown fork geteuid getegid getgid getloadavg getpgid getuid killpg memfd_create
        mkfifo openpty pidfd_open pipe2 pread pwrite sched_getaffinity set_blocking setresuid setsid statvfs
        sysconf uname waitid
    """.split(),
    signal: """
        SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGUSR1 pidfd_send_signal
        pthread_sigmask setitimer
    """.split(),
    socket: "AF_UNIX CMSG_SPACE MSG_CMSG_CLOEXEC MSG_NOSIGNAL SCM_RIGHTS SO_PEERCRED".split(),
    select: ["epoll", "poll"],
}
UNIX_MODULES = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
NOT_FOR_WINDOWS = (
    "isolatejs.sandbox.launcher.",  # a process of Linux
    "isolatejs.sandbox.browser.launcher.",  # another one
    # Loaded when a directory of the host is given, which is refused before.
    "isolatejs.capabilities.files.beneath",
    "isolatejs.capabilities.files.rooted_file",  # and rooted_files
    "isolatejs.capabilities.files.tree_walk",
)


def become_windows() -> None:
    """Take away what Windows does not have."""
    for name in [name for name in dir(os) if name.startswith("O_") and name not in FLAGS_OF_WINDOWS]:
        delattr(os, name)
    for module, names in UNIX_ONLY.items():
        for name in names:
            delattr(module, name)
    for name in UNIX_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.platform = "win32"


def main() -> int:
    become_windows()
    isolatejs = importlib.import_module("isolatejs")
    failed = 0
    for module in pkgutil.walk_packages(isolatejs.__path__, "isolatejs."):
        if module.name.startswith(NOT_FOR_WINDOWS):
            continue
        try:
            importlib.import_module(module.name)
        except Exception as error:
            print(f"{module.name}: {error!r}")
            failed = 1
    for name in isolatejs.__all__:
        getattr(isolatejs, name)
    return failed


if __name__ == "__main__":
    sys.exit(main())
