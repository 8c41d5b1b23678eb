"""Playwright's `request` API: redirects are followed here, so that every hop passes the URL policy."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from isolatejs.capabilities.browser.arguments import bind_arguments
from isolatejs.capabilities.browser.objects import kind_of
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError

REQUEST_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "fetch"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BODY_OPTIONS: Final = frozenset({"data", "form", "multipart", "method", "params"})
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_OTHER_HOST: Final = re.compile(r"[\x00-\x20]*[/\\\\]\s*[/\\\\]")
"""A URL without a scheme that names a host of its own: what it becomes could not be checked here."""


async def send_request(
    target: Any, python: str, args: list[Any], check: Callable[[str, str], Awaitable[None]]
) -> Any:
    """`target.get(url, options)` and its like, an APIResponse. Raises for addresses that `check` refuses."""
    first: Any = args[0] if args else None
    given = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
    options = {name: value for name, value in given.items() if value is not UNDEFINED}
    if kind_of(first) == "Request":
        url, options = first.url, {**_options_of(first), **options}
    else:
        url = first
    if not isinstance(url, str) or _OTHER_HOST.match(url):
        raise GuestVisibleError("TypeError", f"request.{python}(url, options): a URL is needed")
    most = options.pop("maxRedirects", 20)
    if not isinstance(most, (int, float)) or not 0 <= most < 2**31:
        raise GuestVisibleError("TypeError", f"request.{python}: maxRedirects is a number of redirects")
    if python == "fetch":
        method = options["method"] = str(options.get("method") or "GET").upper()
    else:
        method = python.upper()
    await check(url, method)
    response = await _send(target, python, url, options)
    followed = 0
    while most:
        location = response.headers.get("location")
        if response.status not in _REDIRECTS or location is None:
            break
        if followed >= most:
            raise GuestVisibleError("Error", f"request.{python}: Max redirect count exceeded")
        followed += 1
        before, url = response.url, urljoin(response.url, location)
        if (response.status == 303 and method != "HEAD") or (
            response.status in (301, 302) and method == "POST"
        ):
            python, method = "get", "GET"
            options = {name: value for name, value in options.items() if name not in _BODY_OPTIONS}
        if urlsplit(before)[:2] != urlsplit(url)[:2]:
            options = _without_credentials(options)
        await check(url, method)
        response = await _send(target, python, url, options)
    return response


def _options_of(request: Any) -> dict[str, Any]:
    """What `fetch(request)` sends again."""
    body = request.post_data_buffer
    return {
        "method": request.method,
        "headers": request.headers,
        **({} if body is None else {"data": body}),
    }


async def _send(target: Any, python: str, url: str, options: dict[str, Any]) -> Any:
    bound, keywords = bind_arguments(type(target), python, [url, {**options, "maxRedirects": 0}])
    return await getattr(target, python)(*bound, **keywords)


def _without_credentials(options: dict[str, Any]) -> dict[str, Any]:
    """Options for another origin: what the program sent to the first one stays there."""
    headers = options.get("headers")
    if not isinstance(headers, dict):
        return options
    kept = {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}
    return {**options, "headers": kept}
