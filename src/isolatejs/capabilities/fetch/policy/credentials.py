"""Headers that the host adds for an origin and path, and that the program never gets to see.

They are added after the last check, to the outgoing header list only. Coming back, their values are
replaced by asterisks in response headers and in response bodies, so that a server that plainly repeats
what it was sent (a debug page, an echo service) gives nothing away. A server that re-encodes a secret
still can: grant a host only what its answers may show.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.web.headers import Headers
from isolatejs.web.url import ParsedUrl, parse_url

__all__ = ["Credential", "Credentials", "Redactor"]

CredentialHeaders = Mapping[str, str]
CredentialSource = CredentialHeaders | Callable[[], CredentialHeaders | Awaitable[CredentialHeaders]]
"""Headers, or a plain or async function that gives them when a request is made (for tokens that expire)."""

_AMBIGUOUS_PATH: Final = re.compile(r"%2f|%5c|%00|/\.\.", re.IGNORECASE)
_SHORTEST_REDACTED: Final = 8
_HTTP: Final = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers for one origin, at a path and what is below it."""

    origin: str
    path: str
    source: CredentialSource

    def matches(self, url: ParsedUrl) -> bool:
        """Whether these headers go with a request to `url`."""
        if f"{_HTTP.get(url.scheme, url.scheme)}://{url.authority}" != self.origin:
            return False
        if self.path == "/":
            return True
        inside = url.path == self.path or url.path.startswith(self.path.rstrip("/") + "/")
        if inside and _AMBIGUOUS_PATH.search(url.path) is not None:
            # A server that decodes these would serve a path outside the one that the embedder named.
            raise FetchError("this path has an encoded separator, which is not allowed here")
        return inside

    async def headers(self) -> Headers:
        """The headers now. Raises ConfigurationError when the source gives something else."""
        given = self.source
        if callable(given):
            result = given()
            given = await result if inspect.isawaitable(result) else result
        try:
            return Headers(given)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"credentials for {self.origin}{self.path}: {error}") from error


class Credentials:
    """All credentials of a binding. The longest path that matches wins."""

    def __init__(self, given: Mapping[str, CredentialSource]) -> None:
        entries: list[Credential] = []
        for text, source in given.items():
            if not isinstance(text, str):
                raise ConfigurationError(f"credentials: a URL prefix as str, not {text!r:.80}")
            try:
                url = parse_url(text, schemes=("http", "https"))
            except ValueError as error:
                raise ConfigurationError(f"credentials: {text!r} is not a URL: {error}") from error
            if url.username or url.password or url.query is not None or url.fragment is not None:
                raise ConfigurationError(f"credentials: {text!r} must be scheme, host, port and path only")
            if not callable(source):
                try:
                    Headers(source)
                except (TypeError, ValueError) as error:
                    raise ConfigurationError(f"credentials for {text!r}: {error}") from error
            entries.append(Credential(url.origin, url.path, source))
        self._entries = sorted(entries, key=lambda entry: len(entry.path), reverse=True)

    async def apply(self, url: ParsedUrl, headers: Headers) -> list[bytes]:
        """Put what belongs to `url` into `headers`, over the program's own; returns the secrets among it."""
        entry = next((entry for entry in self._entries if entry.matches(url)), None)
        if entry is None:
            return []
        secrets: set[bytes] = set()
        for name, value in (await entry.headers()).multi_items():
            headers.set(name, value)
            secrets |= _secrets_in(value)
        return sorted(secrets, key=len, reverse=True)


def _secrets_in(value: str) -> set[bytes]:
    found = {value}
    scheme, _, token = value.partition(" ")
    if token:
        found.add(token.strip())
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(token.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        found |= {pair, pair.partition(":")[2]}
    return {text.encode("utf-8") for text in found if len(text) >= _SHORTEST_REDACTED}


class Redactor:
    """Replaces secrets by as many asterisks, in header values and in a stream of bytes."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._secrets = tuple(secrets)
        self._held = b""

    def header(self, value: str) -> str:
        """`value` without the secrets."""
        for secret in self._secrets:
            value = value.replace(secret.decode("utf-8"), "*" * len(secret))
        return value

    def message(self, message: str | bytes) -> str | bytes:
        """A whole message without the secrets."""
        if isinstance(message, str):
            return self.header(message)
        for secret in self._secrets:
            message = message.replace(secret, b"*" * len(secret))
        return message

    def feed(self, data: bytes) -> bytes:
        """The next bytes without the secrets; keeps back an end that may be the beginning of one."""
        data = self._held + data
        for secret in self._secrets:
            data = data.replace(secret, b"*" * len(secret))
        keep = 0
        for secret in self._secrets:
            for length in range(min(len(secret) - 1, len(data)), keep, -1):
                if data.endswith(secret[:length]):
                    keep = length
                    break
        self._held = data[len(data) - keep :] if keep else b""
        return data[: len(data) - keep] if keep else data

    def end(self) -> bytes:
        """What was kept back."""
        held, self._held = self._held, b""
        return held
