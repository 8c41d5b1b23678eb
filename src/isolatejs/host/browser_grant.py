"""What the browser's host half gets from its neighbours: files, the fetch policy, the console."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from isolatejs.capabilities.browser.bindings import BrowserGrant, as_browser_bindings
from isolatejs.capabilities.browser.managed.session_browser import ManagedGrant
from isolatejs.capabilities.fetch.policy.binding import FetchBinding, create_fetch_binding
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.errors import ConfigurationError
from isolatejs.host.browser_files import CallbackAccess, FileTreeAccess
from isolatejs.limits import BROWSER_REQUEST_LIMIT_BYTES, BROWSER_RESPONSE_LIMIT_BYTES

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import BrowserBindings, FileAccess
    from isolatejs.host.bindings import Bindings
    from isolatejs.host.browsers import HostBrowsers


def browser_grant(bindings: Bindings, browsers: HostBrowsers) -> BrowserGrant:
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
    policy = bindings.fetch if isinstance(bindings.fetch, FetchBinding) else None
    if browser.launch is not None:
        return _managed_grant(browser, files, policy, browsers)
    if policy is not None:
        return BrowserGrant(browser, files, policy)
    return BrowserGrant(browser, files)


def _managed_grant(
    browser: BrowserBindings, files: FileAccess | None, policy: FetchBinding | None, browsers: HostBrowsers
) -> BrowserGrant:
    pool = browsers.pool_for(browser.launch)
    if pool.options.network == "host":
        if policy is not None:
            raise ConfigurationError(
                'browser.launch.network="host" lets pages reach what this machine can, whatever `fetch` allows: '
                "leave out one of them"
            )
        return BrowserGrant(browser, files, managed=ManagedGrant(pool, None))
    if policy is None:
        policy = create_fetch_binding(
            "*",
            max_request_bytes=BROWSER_REQUEST_LIMIT_BYTES,
            max_response_bytes=BROWSER_RESPONSE_LIMIT_BYTES,
        )
    return BrowserGrant(browser, files, policy, managed=ManagedGrant(pool, policy.for_browser))
