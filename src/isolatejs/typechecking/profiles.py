"""What a program may use, as type declarations: profiles, capabilities and the files that declare them.

The declarations are the capability folders' `types.d.ts`, and for the web platform the engine's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isolatejs.capabilities.options import nearest_name
from isolatejs.errors import ConfigurationError
from isolatejs.typechecking.engine_declarations import select_declarations

if TYPE_CHECKING:
    from collections.abc import Iterable

PROFILES: Final[dict[str, tuple[str, ...]]] = {
    "backend": ("console", "crypto", "encoding", "timers", "fetch", "files", "serve"),
    "agent": ("console", "crypto", "encoding", "timers", "fetch", "files", "tools"),
    "browser-test": ("console", "crypto", "encoding", "timers", "fetch", "tests", "browser"),
}
"""Capabilities of each profile; those of a call are added to them."""

CAPABILITIES: Final = (
    "fetch",
    "files",
    "tests",
    "browser",
    "tools",
    "console",
    "crypto",
    "encoding",
    "timers",
    "serve",
)

ALWAYS: Final = ("evaluation", "host_events", "console", "timers", "modules", "async_context", "nested_host")
"""Folders whose declarations hold in every runtime."""

_FOLDERS: Final = {
    "fetch": "fetch",
    "files": "files",
    "tests": "testing",
    "browser": "browser",
    "tools": "tools",
    "serve": "serve",
}
_CAPABILITIES_FOLDER: Final = Path(__file__).parents[1] / "capabilities"

WEB_VALUES: Final = frozenset(
    """
    AbortController AbortSignal Blob ByteLengthQueuingStrategy CloseEvent CompressionStream
    CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DOMMatrix DOMMatrixReadOnly DOMPoint
    DOMPointReadOnly DOMQuad DOMRect DOMRectReadOnly DecompressionStream ErrorEvent Event EventTarget
    File FileReader FormData Headers MessageChannel MessageEvent MessagePort Performance
    PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList
    ProgressEvent PromiseRejectionEvent QuotaExceededError ReadableByteStreamController ReadableStream
    ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController
    ReadableStreamDefaultReader Request Response SubtleCrypto Temporal TextDecoder TextDecoderStream
    TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern
    URLSearchParams WebAssembly WritableStream WritableStreamDefaultController
    WritableStreamDefaultWriter atob btoa crypto dispatchEvent performance queueMicrotask reportError
    structuredClone
    """.split()
)
"""Global values of the web platform that every runtime has; the rest of what the engine knows is removed."""


@dataclass(frozen=True)
class TypeFile:
    """One declaration file: its name (`files.d.ts`) and text."""

    name: str
    content: str


@dataclass(frozen=True)
class TypeProfile:
    """A profile with its capabilities: `include` names what is declared, `files` declares it."""

    profile: str
    capabilities: tuple[str, ...]
    include: tuple[str, ...]

    @property
    def files(self) -> tuple[TypeFile, ...]:
        """The declaration files, complete but for the language's own library (`lib: ["esnext"]`)."""
        return tuple(_type_file(name) for name in self.include)

    @property
    def text(self) -> str:
        """All declarations as one file."""
        return _joined(self.files)

    @property
    def text_with_node(self) -> str:
        """All declarations for a program that imports node modules, which bring `process` and `Buffer`."""
        return _joined(file for file in self.files if file.name != "modules.d.ts")


def get_type_profile(profile: str = "backend", capabilities: Iterable[str] = ()) -> TypeProfile:
    """The declarations of a profile extended by capabilities.

    Profiles: backend, agent, browser-test. Capabilities: fetch, files, tests, browser, tools, console,
    crypto, encoding, timers, serve. Raises ConfigurationError for a name that is none of these.
    """
    if profile not in PROFILES:
        raise ConfigurationError(f"profile: {_unknown(profile, PROFILES)}")
    asked = (capabilities,) if isinstance(capabilities, str) else tuple(capabilities)
    for capability in asked:
        if capability not in CAPABILITIES:
            raise ConfigurationError(f"capabilities: {_unknown(capability, CAPABILITIES)}")
    granted = tuple(dict.fromkeys((*PROFILES[profile], *asked)))
    return TypeProfile(profile, granted, _included(granted))


def profile_of_grants(granted: Iterable[str]) -> TypeProfile:
    """The declarations of a runtime with exactly these capabilities."""
    capabilities = tuple(dict.fromkeys(("console", "crypto", "encoding", "timers", *granted)))
    return TypeProfile("runtime", capabilities, _included(capabilities))


def _included(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    folders = [_FOLDERS[capability] for capability in capabilities if capability in _FOLDERS]
    return tuple(dict.fromkeys(("web", *ALWAYS, *folders)))


def _joined(files: Iterable[TypeFile]) -> str:
    return "\n".join(f"// --- {file.name}\n{file.content}" for file in files)


@lru_cache(maxsize=64)
def _type_file(name: str) -> TypeFile:
    if name == "web":
        return TypeFile("web.d.ts", select_declarations(WEB_VALUES))
    return TypeFile(f"{name}.d.ts", (_CAPABILITIES_FOLDER / name / "types.d.ts").read_text(encoding="utf-8"))


def _unknown(name: object, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest_name(str(name), names)
    hint = f"; there are {', '.join(names)}" if near is None else f", did you mean {near!r}?"
    return f"unknown name {name!r}{hint}"
