"""Texts of a program, a package or a client that parsers of the host read: each either parses or is refused.

The first byte of an input chooses the parser. What holds for all of them: only the documented error is raised, the
cost grows with the size, and the result has the property that its users rely on.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import posixpath
from collections.abc import Callable

from fuzz.budget import budget, expand
from isolatejs.asgi.request_url import headers_of, url_of
from isolatejs.capabilities.fetch.policy.credentials import Redactor
from isolatejs.capabilities.fetch.policy.decoding import Decoder
from isolatejs.capabilities.fetch.policy.rules import HostRule
from isolatejs.capabilities.fetch.redirects import follow_redirects
from isolatejs.capabilities.files.virtual_path import alias_key, split_path
from isolatejs.capabilities.modules.import_scan import scan_imports, scan_requires
from isolatejs.capabilities.modules.package_json import (
    PackageError,
    parse_package_json,
    resolve_exports,
    resolve_imports,
    split_package_name,
)
from isolatejs.errors import IsolateError
from isolatejs.web import FormData, Headers, Request, Response
from isolatejs.web.addresses import AddressRules, classify_address
from isolatejs.web.url import parse_url

CONDITIONS = frozenset({"import", "node", "default"})
BASE = parse_url("https://user:secret@allowed.example:8443/a/b?q#f")


def fuzz_url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        with budget("parse_url", len(data)):
            url = parse_url(text, BASE if text.startswith(("/", "?", ".")) else None)
    except ValueError:
        return
    assert parse_url(url.href) == url, (text, url.href)
    assert url.href.isascii(), url.href
    assert not set(url.host) & set("@/\\?# \t\r\n%"), url.host


def fuzz_host_rule(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        with budget("HostRule", len(data)):
            rule = HostRule.parse(text)
    except (ValueError, IsolateError):
        return
    assert not rule.matches(parse_url("https://never-named.invalid/")) or "*" in text or "invalid" in text


def fuzz_headers(data: bytes) -> None:
    pairs = [line.partition(":")[::2] for line in data.decode("latin-1").split("\x00")]
    try:
        with budget("Headers", len(data)):
            headers = Headers(pairs)
            items = headers.items()
            assert headers == headers.copy()
            assert len(headers) == len(headers.keys())
    except ValueError:
        return
    # An empty value that is joined last leaves a space, which is not part of a value.
    assert Headers(items).items() == [(name, value.strip("\t\n\r ")) for name, value in items]
    for name, value in headers.raw():
        assert not {b"\r"[0], b"\n"[0], 0} & set(name + value)


def fuzz_form_data(data: bytes) -> None:
    kind, _, body = data.partition(b"\x00")
    content_type = kind.decode("latin-1")
    if not content_type:
        content_type = "multipart/form-data; boundary=b"
    try:
        with budget("FormData.decode", len(data)):
            form = FormData.decode(body, content_type)
    except ValueError:
        return
    encoded, encoded_type = form.encode("fuzz-boundary-that-no-input-holds")
    again = FormData.decode(encoded, encoded_type)
    assert len(again) == len(form)


def fuzz_cookies(data: bytes) -> None:
    """Cookies pass as header values: each Set-Cookie by itself, never joined, never split."""
    values = data.decode("latin-1").split("\x00")
    headers = Headers()
    kept = []
    for value in values:
        try:
            headers.append("Set-Cookie", value)
        except ValueError:
            continue
        kept.append(value.strip("\t\n\r "))
    assert headers.get_set_cookie() == kept
    assert Response(b"", headers=headers).headers.get_set_cookie() == kept


def fuzz_request(data: bytes) -> None:
    url, _, rest = data.decode("utf-8", "surrogateescape").partition("\x00")
    method, _, header = rest.partition("\x00")
    try:
        with budget("Request", len(data)):
            Request(url, method=method or "GET", headers=[(header, header)] if header else None)
    except (ValueError, TypeError):
        return


def fuzz_redirect(data: bytes) -> None:
    """A server's Location leads to a URL that is checked like the first, and secrets stay with their origin."""
    location = data.decode("latin-1")
    seen: list[Request] = []

    async def send(request: Request) -> Response:
        seen.append(request)
        if len(seen) > 1:
            return Response(b"")
        try:
            return Response(b"", status=302, headers=[("location", location)])
        except ValueError:
            return Response(b"")

    async def run() -> None:
        request = Request(BASE.href.replace("user:secret@", ""), headers={"authorization": "secret"})
        await follow_redirects(request, send, limit=3)

    try:
        with budget("redirect", len(data)):
            asyncio.run(run())
    except (IsolateError, ValueError):
        return
    for request in seen[1:]:
        url = parse_url(request.url)
        assert url.scheme in ("http", "https")
        assert url.origin == BASE.origin or "authorization" not in request.headers


def fuzz_asgi_scope(data: bytes) -> None:
    path, _, host = data.partition(b"\x00")
    scope = {
        "type": "http",
        "scheme": "http",
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "root_path": "",
        "query_string": host,
        "headers": [(b"host", host)],
        "server": ("127.0.0.1", 80),
    }
    try:
        with budget("asgi scope", len(data)):
            url = url_of(scope, headers_of(scope))
    except ValueError:
        return
    try:
        named, whole = parse_url(f"http://{host.decode('latin-1') or '127.0.0.1'}/"), parse_url(url)
    except ValueError:
        return
    assert whole.authority == named.authority, url


def fuzz_addresses(data: bytes) -> None:
    if len(data) < 16:
        return
    rules = AddressRules.from_options(allow_loopback=False, allow_private=False)
    for address in (ipaddress.IPv4Address(data[:4]), ipaddress.IPv6Address(data[:16])):
        public = rules.refusal(address) is None
        assert not public or classify_address(address) == "public", address
        mapped = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + data[:4])
        assert public == (rules.refusal(mapped) is None) or address.version == 6


def fuzz_package_json(data: bytes) -> None:
    text, _, rest = data.partition(b"\x00")
    wanted = rest.decode("utf-8", "replace")
    try:
        with budget("package.json", len(data) + 64):
            package = parse_package_json(text)
            for resolve, asked in (
                (resolve_exports, "." if not wanted else f"./{wanted}"),
                (resolve_imports, f"#{wanted}"),
            ):
                table = package.exports if resolve is resolve_exports else package.imports
                try:
                    target = resolve(table, asked, CONDITIONS)
                except PackageError:
                    continue
                if target.startswith("."):
                    inside = posixpath.normpath(posixpath.join("/package", target))
                    assert inside == "/package" or inside.startswith("/package/"), (table, asked, target)
    except PackageError:
        return


def fuzz_specifier(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with budget("specifier", len(data)):
        split = split_package_name(text)
    if split is not None:
        name, rest = split
        assert not name.startswith((".", "/"))
        assert "\\" not in name
        assert rest.startswith(".")


def fuzz_virtual_path(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")  # lone surrogates, as in a JavaScript string
    try:
        with budget("virtual path", len(data)):
            parts = split_path(text)
            alias_key(parts)
    except OSError:
        return
    assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)


def fuzz_source(data: bytes) -> None:
    with budget("import scan", len(data)):
        for specifier in (*scan_imports(data), *scan_requires(data)):
            assert len(specifier) <= 512


def fuzz_content_encoding(data: bytes) -> None:
    for encoding in ("gzip", "deflate"):
        decoder = Decoder(encoding)
        given = 0
        try:
            for piece in decoder.feed(data):
                given += len(piece)
                if given > 64 * 1024 * 1024:
                    break  # the transport counts, and stops here as well
            else:
                decoder.check_end()
        except (ValueError, IsolateError):
            continue


def fuzz_redactor(data: bytes) -> None:
    secret = b"the-secret-value"
    with budget("redactor", len(data)):
        redactor = Redactor([secret])
        half = len(data) // 2
        out = redactor.feed(data[:half]) + redactor.feed(data[half:]) + redactor.end()
    assert secret not in out


TARGETS: tuple[Callable[[bytes], None], ...] = (
    fuzz_url,
    fuzz_host_rule,
    fuzz_headers,
    fuzz_form_data,
    fuzz_cookies,
    fuzz_request,
    fuzz_redirect,
    fuzz_asgi_scope,
    fuzz_addresses,
    fuzz_package_json,
    fuzz_specifier,
    fuzz_virtual_path,
    fuzz_source,
    fuzz_content_encoding,
    fuzz_redactor,
)

SEEDS: list[bytes] = [
    bytes([index, 0x80]) + text
    for index, texts in enumerate(
        (
            (
                b"http://user:pw@[::ffff:127.0.0.1]:80/a/../b?c#d",
                "https://b\u00fccher.example/".encode(),
                b"//0x7f.1/",
            ),
            (b"*.example.com:443", b"[::1]", b"https://api.example.com/v1/*"),
            (b"a:b\x00set-cookie:c=d\x00A:e",),
            (
                b'multipart/form-data; boundary=b\x00--b\r\nContent-Disposition: form-data; name="a"; '
                b'filename="f"\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n',
                b"application/x-www-form-urlencoded\x00a=b&c=%20&d",
            ),
            (b"a=b; Path=/; Secure\x00c=d, e=f",),
            (b"https://example.com/\x00POST\x00x-a",),
            (b"//other.example/x", b"/next", b"http:relative"),
            (b"/a%20b\x00example.com:80",),
            (bytes([127, 0, 0, 1] + [0] * 12), bytes([0x20, 0x02, 127, 0, 0, 1] + [0] * 10)),
            (
                json.dumps(
                    {
                        "name": "p",
                        "exports": {".": {"import": "./a.js"}, "./*": "./lib/*.js", "./x/": "./y/"},
                        "imports": {"#*": ["./z/*.js", "other"]},
                    }
                ).encode()
                + b"\x00sub",
            ),
            (b"@scope/name/sub/path.js", b"./x", b"name"),
            (b"/a/b/c", b"/a/../b", "/\u00e9/\u200b".encode()),
            (b"import a from 'b'; export * from \"c\"; require('d')",),
            (
                b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                b"x\x9c\x03\x00\x00\x00\x00\x01",
            ),
            (b"text with the-secret-value in it",),
        )
    )
    for text in texts
]


def fuzz_one(data: bytes) -> None:
    """Run one input; the first byte chooses the parser."""
    if data:
        TARGETS[data[0] % len(TARGETS)](expand(data[1:]))
