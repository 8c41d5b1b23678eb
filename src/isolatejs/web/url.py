"""The URL standard's parser for http, https, ws and wss, and no other.

One parser decides what a URL means, for the check of a policy and for its use. So every odd spelling
(`http:\\\\host`, `0x7f.1`, `good.com\\@evil.com`, full-width letters) has here the one meaning that a browser
gives it, and a connection is made from the parts, never from the text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["DEFAULT_PORTS", "ParsedUrl", "parse_url"]

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_CACHED_LENGTH: Final = 512
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_STRIP: Final = "".join(map(chr, range(0x21)))
_TAB_OR_NEWLINE: Final = re.compile(r"[\t\n\r]")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_FORBIDDEN_IN_DOMAIN: Final = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SINGLE_DOT: Final = frozenset({".", "%2e"})
_DOUBLE_DOT: Final = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def _encoding(also: bytes) -> dict[int, str]:
    """What each byte becomes: controls, what is not ASCII and the bytes of `also` are percent-encoded."""
    return {
        byte: chr(byte) if 0x1F < byte < 0x7F and byte not in also else f"%{byte:02X}" for byte in range(256)
    }


_FRAGMENT: Final = _encoding(b' "<>`')
_QUERY: Final = _encoding(b" \"#<>'")
_PATH: Final = _encoding(b' "#<>?`{}')  # like the engine, without the "^" that the standard added later
_USERINFO: Final = _encoding(b' "#<>?`{}/:;=@[\\]^|')


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A parsed URL, in canonical form. `port` is None when it is the scheme's own; `path` starts with "/"."""

    scheme: str
    username: str
    password: str
    host: str
    """A domain in ASCII, an IPv4 address in four decimal parts, or an IPv6 address without brackets."""
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def is_ipv6(self) -> bool:
        """Whether `host` is an IPv6 address."""
        return ":" in self.host

    @property
    def effective_port(self) -> int:
        """The port that a connection goes to."""
        return DEFAULT_PORTS[self.scheme] if self.port is None else self.port

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own, as in a Host header."""
        host = f"[{self.host}]" if self.is_ipv6 else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: `https://example.com`."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Path and query, as in a request line."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def href(self) -> str:
        """The whole URL, as the standard serialises it."""
        credentials = ""
        if self.username or self.password:
            credentials = self.username + (f":{self.password}" if self.password else "") + "@"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{credentials}{self.authority}{self.target}{fragment}"

    def __str__(self) -> str:
        return self.href


def parse_url(
    text: str, base: ParsedUrl | None = None, *, schemes: Collection[str] = ("http", "https", "ws", "wss")
) -> ParsedUrl:
    """Parse `text`, relative to `base` where given. Raises ValueError when it is no URL of `schemes`."""
    if not isinstance(text, str):
        raise TypeError(f"a URL must be a str, not {type(text).__name__}")
    url = _parse_cached(text, base) if len(text) <= _CACHED_LENGTH else _parse(text, base)
    if url.scheme not in schemes:
        raise ValueError(f"URL scheme {url.scheme!r} is not supported here")
    return url


def _parse(text: str, base: ParsedUrl | None) -> ParsedUrl:
    rest = _TAB_OR_NEWLINE.sub("", _SURROGATE.sub("\ufffd", text).strip(_STRIP))
    match = _SCHEME.match(rest)
    if match is None:
        if base is None:
            raise ValueError(f"not an absolute URL: {text[:200]!r}")
        return _parse_relative(rest, base)
    scheme = match.group(1).lower()
    if scheme not in DEFAULT_PORTS:
        raise ValueError(f"URL scheme {scheme[:50]!r} is not supported here")
    rest = rest[match.end() :]
    if base is not None and base.scheme == scheme and not rest.startswith("//"):
        return _parse_relative(rest, base)
    return _parse_authority(scheme, rest.lstrip("/\\"))


_parse_cached = lru_cache(maxsize=256)(_parse)


def _parse_relative(rest: str, base: ParsedUrl) -> ParsedUrl:
    if rest[:2] in {"//", "/\\", "\\/", "\\\\"}:
        return _parse_authority(base.scheme, rest.lstrip("/\\"))
    path, query, fragment = _split_path(rest)
    if rest[:1] in {"/", "\\"}:
        return replace(base, path=_parse_path(path[1:], []), query=query, fragment=fragment)
    if path:
        return replace(
            base, path=_parse_path(path, base.path.split("/")[1:-1]), query=query, fragment=fragment
        )
    return replace(base, query=base.query if query is None else query, fragment=fragment)


def _parse_authority(scheme: str, rest: str) -> ParsedUrl:
    match = _AUTHORITY.match(rest)
    assert match is not None
    authority, rest = match.group(), rest[match.end() :]
    userinfo, _, host_and_port = authority.rpartition("@")
    username, _, password = userinfo.partition(":")
    host, port = _split_port(host_and_port)
    path, query, fragment = _split_path(rest)
    return ParsedUrl(
        scheme=scheme,
        username=_encode(username, _USERINFO),
        password=_encode(password, _USERINFO),
        host=_parse_host(host),
        port=None if port == DEFAULT_PORTS[scheme] else port,
        path=_parse_path(path[1:], []),
        query=query,
        fragment=fragment,
    )


def _split_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text, "", ""
    if not text.endswith("]") and text.rfind(":") > text.rfind("]"):
        index = text.index(":", text.rfind("]") + 1)
        host, colon, port = text[:index], ":", text[index + 1 :]
    if not colon or not port:
        return host, None
    if not (port.isascii() and port.isdigit()) or len(port.lstrip("0")) > 5 or int(port) > 65535:
        raise ValueError(f"not a port: {port[:50]!r}")
    return host, int(port)


def _split_path(rest: str) -> tuple[str, str | None, str | None]:
    rest, hash_sign, fragment = rest.partition("#")
    path, question_mark, query = rest.partition("?")
    return (
        path,
        _encode(query, _QUERY) if question_mark else None,
        _encode(fragment, _FRAGMENT) if hash_sign else None,
    )


def _parse_path(text: str, segments: list[str]) -> str:
    segments = list(segments)
    parts = text.replace("\\", "/").split("/")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        folded = part.lower()
        if folded in _DOUBLE_DOT:
            if segments:
                segments.pop()
            if last:
                segments.append("")
        elif folded in _SINGLE_DOT:
            if last:
                segments.append("")
        else:
            segments.append(_encode(part, _PATH))
    return "/" + "/".join(segments)


def _parse_host(text: str) -> str:
    if text.startswith("["):
        if not text.endswith("]"):
            raise ValueError("IPv6 address without its closing bracket")
        return _parse_ipv6(text[1:-1])
    domain = unquote_to_bytes(text).decode("utf-8", "replace")
    ascii_domain = _domain_to_ascii(domain)
    if not ascii_domain or _FORBIDDEN_IN_DOMAIN.search(ascii_domain) is not None:
        raise ValueError(f"not a host: {text[:200]!r}")
    if _ends_in_number(ascii_domain):
        return _parse_ipv4(ascii_domain)
    return ascii_domain


_DOMAIN_LIMIT = 253
"""Longer names exist in no DNS, and what IDNA does with a label takes time that grows with its square."""


def _domain_to_ascii(domain: str) -> str:
    """UTS 46 processing, non-transitional. Labels that IDNA 2008 refuses are refused here, too."""
    lowered = domain.lower() if domain.isascii() else domain
    if domain.isascii() and "xn--" not in lowered:
        return lowered
    if len(domain) > _DOMAIN_LIMIT:
        raise ValueError(f"a domain name of more than {_DOMAIN_LIMIT} characters")
    import idna

    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        labels = mapped.split(".")
        return ".".join(
            idna.alabel(label).decode("ascii") if not label.isascii() or label.startswith("xn--") else label
            for label in labels
        )
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"not a domain name: {domain[:200]!r}") from None


def _parse_ipv6(text: str) -> str:
    if "%" in text:
        raise ValueError("IPv6 address with a zone")
    try:
        packed = ipaddress.IPv6Address(text).packed
    except ipaddress.AddressValueError:
        raise ValueError(f"not an IPv6 address: {text[:100]!r}") from None
    pieces = [int.from_bytes(packed[index : index + 2]) for index in range(0, 16, 2)]
    best_start, best_length, start = -1, 1, 0
    while start < 8:
        end = start
        while end < 8 and pieces[end] == 0:
            end += 1
        if end - start > best_length:
            best_start, best_length = start, end - start
        start = max(end, start + 1)
    if best_start < 0:
        return ":".join(f"{piece:x}" for piece in pieces)
    head = ":".join(f"{piece:x}" for piece in pieces[:best_start])
    tail = ":".join(f"{piece:x}" for piece in pieces[best_start + best_length :])
    return f"{head}::{tail}"


def _ends_in_number(domain: str) -> bool:
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    last = parts[-1]
    return (last != "" and last.isdigit()) or re.fullmatch(r"0[xX][0-9A-Fa-f]*", last) is not None


def _parse_ipv4(domain: str) -> str:
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if len(parts) > 4:
        raise ValueError(f"not an IPv4 address: {domain[:100]!r}")
    numbers = [_ipv4_number(part) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise ValueError(f"not an IPv4 address: {domain[:100]!r}")
    value = numbers[-1] + sum(number << (8 * (3 - index)) for index, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _ipv4_number(part: str) -> int:
    match = re.fullmatch(r"0[xX]([0-9A-Fa-f]*)|0([0-7]*)|([1-9][0-9]*)", part)
    if match is None or len(part) > 60:
        raise ValueError(f"not a part of an IPv4 address: {part[:60]!r}")
    hexadecimal, octal, decimal = match.groups()
    if hexadecimal is not None:
        return int(hexadecimal or "0", 16)
    return int(decimal) if decimal is not None else int(octal or "0", 8)


def _encode(text: str, encoding: dict[int, str]) -> str:
    if text.isascii() and text.isalnum():
        return text
    return text.encode("utf-8").decode("latin-1").translate(encoding)
