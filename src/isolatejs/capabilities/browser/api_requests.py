"""Playwright's `request` API: redirects are followed here, so that every hop passes the URL policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from isolatejs.capabilities.browser.arguments import bind_arguments
from isolatejs.capabilities.browser.objects import kind_of
from isolatejs.web.url import parse_url
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError

REQUEST_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "fetch"})
_SCHEMES: Final = ("http", "https")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BODY_OPTIONS: Final = frozenset({"data", "form", "multipart", "method", "params"})
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True)
class RequestRules:
    """What requests of one APIRequestContext are held to: each hop is checked, and sent as it was checked."""

    check: Callable[[str, str], Awaitable[None]]
    base_url: str | None = None
    has_policy: bool = False


def absolute_url(url: str, base: str | None) -> str:
    """A whole URL, so that what is checked is what is sent. Raises for what is none, or not of the web."""
    try:
        start = None if base is None else parse_url(base, schemes=_SCHEMES)
        return parse_url(url, base=start, schemes=_SCHEMES).href
    except ValueError as error:
        raise GuestVisibleError("TypeError", f"Invalid URL: {url[:200]!r} is refused: {error}") from None


def without_host(headers: dict[str, str]) -> dict[str, str]:
    """Under a policy the host of a request is that of its URL."""
    return {name: value for name, value in headers.items() if name.strip().lower() != "host"}


async def send_request(target: Any, python: str, args: list[Any], rules: RequestRules) -> Any:
    """`target.get(url, options)` and its like, an APIResponse. Raises for addresses that the rules refuse."""
    first: Any = args[0] if args else None
    given = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
    options = {name: value for name, value in given.items() if value is not UNDEFINED}
    if kind_of(first) == "Request":
        url, options = first.url, {**_options_of(first), **options}
    else:
        url = first
    if not isinstance(url, str):
        raise GuestVisibleError("TypeError", f"request.{python}(url, options): a URL is needed")
    url = absolute_url(url, rules.base_url)
    if rules.has_policy and isinstance(options.get("headers"), dict):
        options["headers"] = without_host(options["headers"])
    most = options.pop("maxRedirects", 20)
    if not isinstance(most, (int, float)) or not 0 <= most < 2**31:
        raise GuestVisibleError("TypeError", f"request.{python}: maxRedirects is a number of redirects")
    if python == "fetch":
        method = options["method"] = str(options.get("method") or "GET").upper()
    else:
        method = python.upper()
    await rules.check(url, method)
    response = await _send(target, python, url, options)
    followed = 0
    while most:
        location = response.headers.get("location")
        if response.status not in _REDIRECTS or location is None:
            break
        if followed >= most:
            raise GuestVisibleError("Error", f"request.{python}: Max redirect count exceeded")
        followed += 1
        before, url = response.url, absolute_url(location, response.url)
        if (response.status == 303 and method != "HEAD") or (
            response.status in (301, 302) and method == "POST"
        ):
            python, method = "get", "GET"
            options = {name: value for name, value in options.items() if name not in _BODY_OPTIONS}
        if urlsplit(before)[:2] != urlsplit(url)[:2]:
            options = _without_credentials(options)
        await rules.check(url, method)
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
