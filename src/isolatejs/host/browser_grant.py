"""What the browser's host half gets from its neighbours: files, the fetch policy, the console."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from isolatejs.capabilities.browser.bindings import BrowserGrant, as_browser_bindings
from isolatejs.capabilities.fetch.policy.binding import FetchBinding
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.host.browser_files import CallbackAccess, FileTreeAccess

if TYPE_CHECKING:
    from isolatejs.host.bindings import Bindings


def browser_grant(bindings: Bindings) -> BrowserGrant:
    """The grant for these bindings. Raises ConfigurationError for a wrong browser binding.

    One that a parent's program hands on stays as it is, with the fetch policy and the files of the runtime that the
    embedder granted it to: whatever else a child is given changes nothing of them. Only its console is its own.
    """
    if isinstance(bindings.browser, BrowserGrant):
        return replace(bindings.browser, on_console=None)
    browser = as_browser_bindings(bindings.browser)
    files: FileTreeAccess | CallbackAccess | None = None
    if browser.read_file is not None or browser.write_file is not None:
        files = CallbackAccess(browser.read_file, browser.write_file)
    elif bindings.files is not None:
        files = FileTreeAccess(as_file_tree(bindings.files), bindings.files)
    if isinstance(bindings.fetch, FetchBinding):
        return BrowserGrant(browser, files, bindings.fetch.check_url, bindings.fetch.open_socket)
    return BrowserGrant(browser, files)
