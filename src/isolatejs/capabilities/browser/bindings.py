"""What an embedder passes as `browser`: factories, or one handler that outlives runtimes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol
from weakref import WeakSet

from isolatejs.capabilities.call_context import with_context
from isolatejs.capabilities.options import refuse_unknown_keys
from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.managed.session_browser import ManagedGrant
    from isolatejs.capabilities.browser.page_policies import PagePolicy

Factory = Callable[..., Any]
_ARGUMENTS = {
    "on_context": 1,
    "create_context": 1,
    "create_persistent_context": 2,
    "create_page": 1,
    "read_file": 1,
    "write_file": 2,
}
"""What each callback is called with, besides the call's context if it wants that."""
FACTORY_FIELDS = ("create_context", "create_persistent_context", "create_page", "read_file", "write_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOptions:
    """How browser profiles are kept, in the files binding.

    `root` is their directory there. `default_mode` is "storage" (cookies and storage as one JSON file) or
    "persistent" (a whole profile directory, which needs `create_persistent_context`). `autosave` writes the
    profile back when its context closes. `indexed_db` includes IndexedDB in storage mode.
    """

    root: str = "/.browser-profiles"
    default_mode: Literal["storage", "persistent"] = "storage"
    autosave: bool = True
    indexed_db: bool = False

    def __post_init__(self) -> None:
        if self.default_mode not in ("storage", "persistent"):
            raise ConfigurationError(
                f'browser.profiles.default_mode: "storage" or "persistent", not {self.default_mode!r}'
            )
        if not isinstance(self.root, str) or not self.root.startswith("/"):
            raise ConfigurationError(f"browser.profiles.root: an absolute virtual path, not {self.root!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserBindings:
    """A Playwright browser for programs, in one of three ways.

    Managed: `launch` is True, a dict of LaunchOptions, or a BrowserPool. Each runtime, session and test run has a
    Chromium and a driver of its own, confined, whose only way out is the fetch policy (public addresses without
    one). `on_context(context)` sees each new context first, plain or async.

    The other two give programs a browser of the embedder's, for programs that are trusted with it.
    Factory-first: `create_context(options)` gives a BrowserContext of playwright.async_api;
    `create_persistent_context(user_data_dir, options)` one with a profile directory; `create_page(context)` a
    page, by default `context.new_page()`. `read_file(path)` and `write_file(path, data)` take the place of
    the files binding for uploads, downloads and screenshots. Each may be plain or async.

    Handler-first: `handler`, usually of `isolatejs.playwright.create_playwright_session_handler()`, whose
    contexts and pages outlive the runtime. The three cannot be mixed.

    `require="managed"` refuses the other two.

    Each of these callbacks may take the HostCallContext as one argument more, or as `context`.

    `profiles` enables browser profiles. `capture_console` sends the pages' console to the console binding.
    `on_event(event)` hears of console messages, requests, responses, failures and page errors.
    """

    launch: Any = None
    on_context: Factory | None = None
    create_context: Factory | None = None
    create_persistent_context: Factory | None = None
    create_page: Factory | None = None
    read_file: Factory | None = None
    write_file: Factory | None = None
    profiles: ProfileOptions | Mapping[str, Any] | bool | None = None
    capture_console: bool = False
    on_event: Callable[[Any], object] | None = None
    handler: Any = None
    require: Literal["managed"] | None = None

    def __post_init__(self) -> None:
        if self.launch is False:
            object.__setattr__(self, "launch", None)
        for name, arguments in _ARGUMENTS.items():
            callback = getattr(self, name)
            if callable(callback):
                object.__setattr__(self, name, with_context(callback, arguments))
        if self.require not in (None, "managed"):
            raise ConfigurationError(f'browser.require: "managed" or None, not {self.require!r:.80}')
        if self.require == "managed" and self.launch is None:
            raise ConfigurationError(
                'browser.require="managed": `launch` is needed; factories and handlers share the embedder\'s browser'
            )
        if self.launch is not None:
            self._check_managed()
            return
        if self.on_context is not None:
            raise ConfigurationError(
                "browser.on_context: for `launch`; create_context makes its own contexts"
            )
        mixed = [name for name in (*FACTORY_FIELDS, "profiles") if getattr(self, name) is not None]
        if self.handler is not None and mixed:
            raise ConfigurationError(
                f"browser: handler cannot be mixed with {', '.join(mixed)}; give those to "
                "create_playwright_session_handler()"
            )
        if self.handler is None and self.create_context is None and self.create_persistent_context is None:
            raise ConfigurationError(
                "browser: launch, create_context (or create_persistent_context), or handler, is needed"
            )
        self._check_callables()

    def _check_managed(self) -> None:
        """Raise for options that belong to a browser of the embedder's."""
        others = ("create_context", "create_persistent_context", "handler")
        mixed = [name for name in others if getattr(self, name) is not None]
        if mixed:
            raise ConfigurationError(f"browser: launch cannot be mixed with {', '.join(mixed)}")
        profiles = as_profile_options(self.profiles)
        if profiles is not None and profiles.default_mode == "persistent":
            raise ConfigurationError(
                'browser.profiles.default_mode: managed browsers keep profiles with mode "storage"'
            )
        self._check_callables()

    def _check_callables(self) -> None:
        for name in (*FACTORY_FIELDS, "on_event", "on_context"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise ConfigurationError(f"browser.{name}: a callable, not {type(value).__name__}")


def as_browser_bindings(given: Any) -> BrowserBindings:
    """BrowserBindings, or a dict with the same keys."""
    if isinstance(given, BrowserBindings):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"browser: BrowserBindings or a dict, not {type(given).__name__}")
    return BrowserBindings(**_options_of(BrowserBindings, given, "browser"))


def as_profile_options(given: Any) -> ProfileOptions | None:
    """What `profiles=` means: None and False are none, True the defaults."""
    if given is None or given is False:
        return None
    if given is True:
        return ProfileOptions()
    if isinstance(given, ProfileOptions):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"browser.profiles: True or a dict, not {type(given).__name__}")
    return ProfileOptions(**_options_of(ProfileOptions, given, "browser.profiles"))


def _options_of(kind: Any, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The given options. Raises for a name that is none, with the nearest that is one."""
    refuse_unknown_keys(given, [field.name for field in fields(kind)], where)
    return dict(given)


class FileAccess(Protocol):
    """Where files of the browser (uploads, downloads, profiles) are read and written, by virtual path."""

    def read(self, path: str) -> Awaitable[bytes]: ...

    def write(self, path: str, data: bytes) -> Awaitable[None]: ...

    def replace(self, path: str, data: bytes) -> Awaitable[None]:
        """Write a file so that it is never there in part, as far as the files can."""
        ...

    def remove_tree(self, path: str) -> Awaitable[None]:
        """Remove a directory, as far as the files can. It need not be there."""
        ...

    def hold(self, path: str) -> Awaitable[Held | None]:
        """Lock a name against everybody, in every process; None when somebody else holds it.

        It is held until it is closed, or this process ends.
        """
        ...


class Held(Protocol):
    """A lock."""

    def close(self) -> Awaitable[None]: ...


@dataclass(slots=True)
class BrowserGrant:
    """What the host layer gives the browser's host half: bindings, and its neighbours as functions.

    `policy` is the fetch policy that pages are held to, None without one. `managed` is where browsers come from
    with `launch`.
    """

    bindings: BrowserBindings
    files: FileAccess | None = None
    policy: PagePolicy | None = None
    on_console: Callable[..., None] | None = None
    managed: ManagedGrant | None = None
    sessions: WeakSet[Any] = field(default_factory=WeakSet)
    """Those of all runtimes that this was granted or handed down to: together they have one quota."""
