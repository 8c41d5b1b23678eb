"""Chromium for the browser tests. scripts/test installs one and names it in ISOLATEJS_TEST_CHROMIUM."""

from __future__ import annotations

import os
import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium_executable() -> str:
    """Path of a Chromium that Playwright can launch (`executable_path`)."""
    found = os.environ.get("ISOLATEJS_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium: scripts/test installs one with apt-get")
    return found
