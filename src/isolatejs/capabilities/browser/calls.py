"""Runs what programs ask of Playwright objects, through the public API of Playwright for Python.

Whatever a program gives as code (evaluate, init scripts, waitForFunction) is handed to the page as text;
nothing of it is compiled or run here. Whatever it gives as a path is a path of the files binding.
A method `_Page_goto` is what `page.goto` does beyond passing its arguments on.
"""
# ruff: noqa: N802

from __future__ import annotations

import inspect
import json
import mimetypes
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.browser.api_requests import (
    REQUEST_METHODS,
    absolute_url,
    send_request,
    without_host,
)
from isolatejs.capabilities.browser.arguments import bind_arguments, convert
from isolatejs.capabilities.browser.cdp import check_cdp, watch_worlds
from isolatejs.capabilities.browser.downloads import content_of
from isolatejs.capabilities.browser.evaluation import EVALUATING, evaluate, json_value
from isolatejs.capabilities.browser.handlers import HANDLER_METHODS
from isolatejs.capabilities.browser.messages import javascript_error
from isolatejs.capabilities.browser.objects import kind_of
from isolatejs.capabilities.browser.selectors import locate
from isolatejs.capabilities.browser.surface import (
    PART_KINDS,
    REFUSED,
    STEPS,
    python_name,
    surface,
)
from isolatejs.limits import BROWSER_FILE_LIMIT_BYTES
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import FileAccess
    from isolatejs.capabilities.browser.session import BrowserSession

SAVED = frozenset({"screenshot", "pdf", "storage_state", "save_as"})
"""Methods whose `path` is written into the files binding."""


SCRIPTS = frozenset({"add_script_tag", "add_style_tag"})
"""Methods whose `path` is read from the files binding, to be their `content`."""
PATHS = ("path", "style_path", "files", "har", "record_har_path", "record_video_dir")
"""Options by which Playwright would read or write files of the host: none gets there."""
GUEST_METHODS = frozenset({"wait_for_url", "unroute_all"})
"""Methods that the guest has itself, since they take patterns of the program."""
NO_PATHS = frozenset({("clear_cookies", "path")})
"""Options of these names that are something else."""


class BrowserCalls:
    """The calls of one runtime's program on a session."""

    def __init__(self, session: BrowserSession, files: FileAccess | None) -> None:
        self._session = session
        self._granted_files = files

    # --- targets -----------------------------------------------------------------------------------
    def resolve(self, ref: int, steps: list[tuple[str, list[Any]]]) -> Any:
        """The object of a handle: a number, and steps from there. Raises for steps that are none."""
        target = self._session.objects.get(ref)
        for name, args in steps:
            python = python_name(name)
            kind = kind_of(target)
            if python in PART_KINDS and kind in ("Page", "BrowserContext") and not args:
                target = getattr(target, python)
                continue
            if python not in STEPS or kind not in ("Page", "Frame", "Locator", "FrameLocator"):
                raise GuestVisibleError("TypeError", f"{kind} has no {name[:80]}")
            member = getattr(type(target), python, None)
            if member is None:
                raise GuestVisibleError("TypeError", f"{kind} has no {name[:80]}")
            if isinstance(inspect.getattr_static(type(target), python), property):
                target = getattr(target, python)
                continue
            found = locate(target, python, args)
            if found is None:
                bound, keywords = bind_arguments(type(target), python, args)
                found = getattr(target, python)(*bound, **keywords)
            target = found
        return target

    # --- methods -----------------------------------------------------------------------------------
    async def call_browser(self, method: str, args: list[Any]) -> Any:
        """The program's `browser`: what it has of a Browser."""
        if method == "newContext":
            options = args[0] if args and isinstance(args[0], dict) else {}
            return await self._session.new_context(options, self._granted_files)
        if method == "contexts":
            return list(self._session.contexts)
        raise GuestVisibleError(
            "TypeError", f"browser.{method[:80]} is not there: the browser belongs to its host"
        )

    async def call(self, target: Any, method: str, args: list[Any]) -> Any:
        """`target.method(...args)`. Raises what Playwright raises, and refusals with their reason."""
        kind = kind_of(target)
        if kind is None:
            raise GuestVisibleError("TypeError", "not an object of the browser")
        refused = REFUSED.get(f"{kind}.{python_name(method)}")
        if refused is not None:
            raise GuestVisibleError("Error", f"{kind}.{method} is refused: {refused}")
        if method not in surface()[kind] or python_name(method) in GUEST_METHODS:
            raise GuestVisibleError("TypeError", f"{kind} has no {method[:80]}")
        python = python_name(method)
        if kind == "APIRequestContext" and python in REQUEST_METHODS:
            return await send_request(target, python, args, self._session.request_rules(target))
        if python in EVALUATING:
            return await evaluate(target, python, args, javascript_error(f"{kind}.{python}: ")[:-2])
        if python in HANDLER_METHODS:
            return await HANDLER_METHODS[python](self._session, target, args)
        special: Callable[..., Awaitable[Any]] | None = getattr(self, f"_{kind}_{python}", None) or getattr(
            self, f"_any_{python}", None
        )
        if special is not None:
            return await special(target, args)
        return await self._plain(target, python, args)

    async def _plain(self, target: Any, python: str, args: list[Any]) -> Any:
        if isinstance(inspect.getattr_static(type(target), python), property):
            return getattr(target, python)
        bound, keywords = bind_arguments(type(target), python, args)
        path = keywords.pop("path", None) if python in SAVED else None
        if python in SCRIPTS and keywords.get("path") is not None:
            keywords["content"] = (await self._read(keywords.pop("path"))).decode("utf-8", "replace")
        if keywords.get("style_path") is not None:
            keywords["style"] = await self._styles(keywords)
        if any(keywords.get(name) is not None for name in PATHS if (python, name) not in NO_PATHS):
            raise GuestVisibleError("TypeError", f"{python}: paths are not taken here")
        if python == "screenshot" and "type" not in keywords and str(path).endswith((".jpg", ".jpeg")):
            keywords["type"] = "jpeg"
        result = getattr(target, python)(*bound, **keywords)
        if inspect.isawaitable(result):
            result = await result
        if path is not None:
            await self._save(path, python, result)
        return result

    async def _styles(self, keywords: dict[str, Any]) -> str:
        """The style sheets that a screenshot names, before its own style."""
        paths = keywords.pop("style_path")
        sheets = [(await self._read(path)).decode("utf-8", "replace") for path in _list_of(paths)]
        return "\n".join([*sheets, str(keywords.get("style") or "")])

    async def _save(self, path: Any, python: str, result: Any) -> None:
        if python == "storage_state":
            result = json.dumps(result, indent=1).encode()
        await self._write(path, result)

    async def _read(self, path: Any) -> bytes:
        if self._granted_files is None or not isinstance(path, str):
            raise GuestVisibleError("Error", "paths are paths of the files binding, and none is granted")
        try:
            data = await self._granted_files.read(path)
        except OSError as error:
            raise GuestVisibleError("Error", f"cannot read {path[:200]}: {error.strerror}") from None
        if len(data) > BROWSER_FILE_LIMIT_BYTES:
            raise GuestVisibleError("Error", f"{path[:200]} is larger than {BROWSER_FILE_LIMIT_BYTES} bytes")
        return data

    async def _write(self, path: Any, data: bytes) -> None:
        if self._granted_files is None or not isinstance(path, str):
            raise GuestVisibleError("Error", "paths are paths of the files binding, and none is granted")
        if len(data) > BROWSER_FILE_LIMIT_BYTES:
            raise GuestVisibleError(
                "Error", f"{path[:200]} would be larger than {BROWSER_FILE_LIMIT_BYTES} bytes"
            )
        try:
            await self._granted_files.write(path, data)
        except OSError as error:
            raise GuestVisibleError("Error", f"cannot write {path[:200]}: {error.strerror}") from None

    async def _Page_frame(self, target: Any, args: list[Any]) -> Any:
        if len(args) != 1 or not isinstance(args[0], str):
            raise GuestVisibleError("TypeError", "frame: a name is needed; the guest matches URLs")
        return target.frame(name=args[0])

    # --- navigation and requests: through the URL policy --------------------------------------------
    async def _Page_goto(self, target: Any, args: list[Any]) -> Any:
        if not args or not isinstance(args[0], str):
            raise GuestVisibleError("TypeError", "goto(url, options): a URL is needed")
        await self._check(args[0])  # a relative one has no scheme: the context's guard sees what it becomes
        return await self._plain(target, "goto", args)

    _Frame_goto = _Page_goto

    async def _check(self, url: str, method: str = "GET") -> None:
        await self._session.check_url(url, method)

    async def _check_overridden(self, route: Any, options: dict[str, Any]) -> None:
        """Check what a routed request becomes with the program's overrides: they end its way past the guard."""
        if options.get("url"):
            options["url"] = absolute_url(options["url"], self._base_of(route))
        await self._check(
            options.get("url") or route.request.url, options.get("method") or route.request.method
        )

    def _base_of(self, route: Any) -> str:
        """What a relative URL of a routed request starts from: the context's base, else the request itself."""
        from playwright.async_api import Error as PlaywrightError

        url: str = route.request.url
        try:
            context = route.request.frame.page.context
        except PlaywrightError:  # of a worker, or of a page that is opening
            return url
        return self._session.base_urls.get(context, url)

    async def _Route_continue_(self, target: Any, args: list[Any]) -> Any:
        options = route_options("continue", args)
        await self._check_overridden(target, options)
        return await self._plain(target, "continue_", [options])

    async def _Route_fallback(self, target: Any, args: list[Any]) -> Any:
        options = route_options("fallback", args)
        if options.get("url"):
            options["url"] = absolute_url(options["url"], self._base_of(target))
        return await self._plain(target, "fallback", [options])

    async def _Route_fetch(self, target: Any, args: list[Any]) -> Any:
        options = route_options("fetch", args)
        await self._check_overridden(target, options)
        options["maxRedirects"] = 0  # each hop would pass by the policy
        if self._session.policies and options.get("headers") is not None:
            options["headers"] = without_host(options["headers"])
        return await self._plain(target, "fetch", [options])

    async def _Route_fulfill(self, target: Any, args: list[Any]) -> Any:
        options = route_options("fulfill", args)
        path = options.pop("path", None)
        if path is not None:
            options["body"] = await self._read(path)
            options.setdefault(
                "contentType", mimetypes.guess_type(str(path))[0] or "application/octet-stream"
            )
        return await self._plain(target, "fulfill", [options])

    async def _WebSocketRoute_connect_to_server(self, target: Any, args: list[Any]) -> Any:
        if not self._session.policies.web_sockets:
            raise GuestVisibleError("Error", "WebSockets are not allowed")
        return target.connect_to_server()

    async def _CDPSession_send(self, target: Any, args: list[Any]) -> Any:
        method = args[0] if args and isinstance(args[0], str) else ""
        params = convert(args[1]) if len(args) > 1 and isinstance(args[1], dict) else {}
        check_cdp(method, params, target)
        if method == "Page.navigate":
            await self._check(str(params.get("url", "")))
        return await target.send(method, params)

    async def _BrowserContext_new_cdp_session(self, target: Any, args: list[Any]) -> Any:
        session = await self._plain(target, "new_cdp_session", args)
        watch_worlds(session)
        return session

    async def _clock(self, target: Any, python: str, args: list[Any]) -> Any:
        """Times in milliseconds are seconds in Python; Dates are the same."""
        first = args[0] if args else None
        if isinstance(first, dict) and isinstance(first.get("time"), (int, float)):
            first = {**first, "time": first["time"] / 1000}
        elif isinstance(first, (int, float)):
            first = first / 1000
        return await self._plain(target, python, [first, *args[1:]] if args else [])

    async def _Clock_install(self, target: Any, args: list[Any]) -> Any:
        return await self._clock(target, "install", args)

    async def _Clock_pause_at(self, target: Any, args: list[Any]) -> Any:
        return await self._clock(target, "pause_at", args)

    async def _Clock_set_fixed_time(self, target: Any, args: list[Any]) -> Any:
        return await self._clock(target, "set_fixed_time", args)

    async def _Clock_set_system_time(self, target: Any, args: list[Any]) -> Any:
        return await self._clock(target, "set_system_time", args)

    # --- resources ---------------------------------------------------------------------------------
    async def _BrowserContext_new_page(self, target: Any, args: list[Any]) -> Any:
        return await self._session.new_page(target)

    async def _BrowserContext_close(self, target: Any, args: list[Any]) -> None:
        options = args[0] if args and isinstance(args[0], dict) else {}
        await self._session.close_context(target, options.get("reason"))

    async def _BrowserContext_is_closed(self, target: Any, args: list[Any]) -> bool:
        return target not in self._session.contexts

    async def _JSHandle_json_value(self, target: Any, args: list[Any]) -> Any:
        return await json_value(target, "jsHandle.jsonValue")

    _ElementHandle_json_value = _JSHandle_json_value

    async def _Disposable_dispose(self, target: Any, args: list[Any]) -> None:
        await target.close()

    async def _Download_save_as(self, target: Any, args: list[Any]) -> None:
        await self._write(args[0] if args else None, await content_of(target))

    async def _files(self, target: Any, python: str, args: list[Any], at: int) -> Any:
        """Uploads: paths are read from the files binding, contents go as they are."""
        payloads = await self._payloads(args[at] if len(args) > at else [])
        return await self._plain(target, python, [*args[:at], payloads, *args[at + 1 :]])

    async def _payloads(self, given: Any) -> list[dict[str, Any]]:
        payloads: list[dict[str, Any]] = []
        for item in _list_of(given):
            if isinstance(item, dict):
                payloads.append(
                    {
                        "name": item.get("name", "file"),
                        "mimeType": item.get("mimeType", ""),
                        "buffer": convert(item.get("buffer", b"")),
                    }
                )
            else:
                name = str(item).rsplit("/", 1)[-1]
                payloads.append(
                    {
                        "name": name,
                        "mimeType": mimetypes.guess_type(name)[0] or "application/octet-stream",
                        "buffer": await self._read(item),
                    }
                )
        return payloads

    async def _Locator_drop(self, target: Any, args: list[Any]) -> Any:
        payload = dict(args[0]) if args and isinstance(args[0], dict) else {}
        if payload.get("files") is not None:
            payload["files"] = await self._payloads(payload["files"])
        return await self._plain(target, "drop", [payload, *args[1:]])

    async def _Page_set_input_files(self, target: Any, args: list[Any]) -> Any:
        return await self._files(target, "set_input_files", args, 1)

    _Frame_set_input_files = _Page_set_input_files

    async def _Locator_set_input_files(self, target: Any, args: list[Any]) -> Any:
        return await self._files(target, "set_input_files", args, 0)

    _ElementHandle_set_input_files = _Locator_set_input_files

    async def _FileChooser_set_files(self, target: Any, args: list[Any]) -> Any:
        return await self._files(target, "set_files", args, 0)

    async def _any_add_init_script(self, target: Any, args: list[Any]) -> Any:
        """The script is text here: Playwright would read an object's `path` on the host."""
        script = args[0] if args else None
        if isinstance(script, dict):
            path = script.get("path")
            script = (
                script.get("content") if path is None else (await self._read(path)).decode("utf-8", "replace")
            )
        if not isinstance(script, str):
            raise GuestVisibleError("TypeError", "addInitScript: a function, text, { content } or { path }")
        return await target.add_init_script(script)


def route_options(method: str, args: list[Any]) -> dict[str, Any]:
    """Options of a route's method. Playwright looks at some of them only when nobody waits for it any more."""
    options = (
        {name: convert(value) for name, value in args[0].items()}
        if args and isinstance(args[0], dict)
        else {}
    )
    for name in ("url", "method", "contentType"):
        if not isinstance(options.get(name), str | None):
            raise GuestVisibleError("TypeError", f"route.{method}: {name}: expected string")
    headers = options.get("headers")
    if headers is not None and not (
        isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())
    ):
        raise GuestVisibleError("TypeError", f"route.{method}: headers: expected an object of strings")
    return options


def _list_of(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
