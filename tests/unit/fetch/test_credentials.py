"""Headers that the host adds, where they go, and that they do not come back."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolatejs.capabilities.fetch.policy.credentials import Credentials, Redactor
from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.web import Headers
from isolatejs.web.url import parse_url

CREDENTIALS = {
    "https://api.example.com/v1": {"Authorization": "Bearer outer-secret"},
    "https://api.example.com/v1/admin/": {"X-Key": "inner-secret-1"},
}


async def applied(url: str, sent: dict[str, str] | None = None) -> dict[str, str]:
    headers = Headers(sent)
    await Credentials(CREDENTIALS).apply(parse_url(url), headers)
    return dict(headers)


@pytest.mark.parametrize("path", ["/v1", "/v1/x", "/v1/?q=1", "/x/../v1/y", "/v1/%2e%2e/v1/x"])
async def test_go_to_their_path(path: str) -> None:
    assert await applied(f"https://api.example.com{path}") == {"authorization": "Bearer outer-secret"}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/",
        "https://api.example.com/v1x",
        "https://api.example.com/v1/../v2",
        "https://api.example.com/v1/%2e%2e/v2",
        "https://api.example.com:8443/v1",
        "http://api.example.com/v1",
        "https://example.com/v1",
        "https://api.example.com.evil.org/v1",
    ],
)
async def test_go_nowhere_else(url: str) -> None:
    assert await applied(url) == {}


@pytest.mark.parametrize("path", ["/v1/..%2fv2", "/v1/a%5c..%5cb", "/v1/..;/v2", "/v1/%2F"])
async def test_a_path_that_a_server_may_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(FetchError, match="separator"):
        await applied(f"https://api.example.com{path}")


async def test_the_longest_path_wins_and_replaces_what_the_program_sent() -> None:
    url = "https://api.example.com/v1/admin/x"
    assert await applied(url, {"x-key": "forged"}) == {"x-key": "inner-secret-1"}


async def test_web_sockets_get_those_of_their_http_origin() -> None:
    assert await applied("wss://api.example.com/v1/ws") == {"authorization": "Bearer outer-secret"}


async def test_a_function_gives_them_at_the_time() -> None:
    tokens = iter(["first-token", "second-token"])

    async def source() -> dict[str, str]:
        return {"authorization": f"Bearer {next(tokens)}"}

    credentials = Credentials({"https://a.com/": source})
    for expected in ("first-token", "second-token"):
        headers = Headers()
        secrets = await credentials.apply(parse_url("https://a.com/x"), headers)
        assert headers["authorization"] == f"Bearer {expected}"
        assert expected.encode() in secrets


async def test_a_function_that_gives_something_else_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="credentials"):
        await Credentials({"https://a.com/": lambda: {"a b": "c"}}).apply(
            parse_url("https://a.com/"), Headers()
        )


async def test_parts_of_a_secret_are_secret() -> None:
    basic = base64.b64encode(b"user:long-password").decode()
    headers = Headers()
    secrets = await Credentials({"https://a.com/": {"authorization": f"Basic {basic}"}}).apply(
        parse_url("https://a.com/"), headers
    )
    assert {basic.encode(), b"long-password", b"user:long-password"} <= set(secrets)


@given(
    st.lists(st.integers(1, 40), max_size=12), st.sampled_from([b"", b"secret-", b"secret-token-se", b"x"])
)
def test_a_secret_is_found_however_the_stream_is_cut(cuts: list[int], before: bytes) -> None:
    data = before + b"secret-token" + b" and secret-toke and secret-tokensecret-token" + before
    redactor = Redactor([b"secret-token"])
    out = b""
    rest = data
    for cut in cuts:
        out += redactor.feed(rest[:cut])
        rest = rest[cut:]
    out += redactor.feed(rest) + redactor.end()
    assert b"secret-token" not in out
    assert out == data.replace(b"secret-token", b"*" * 12)


def test_nothing_is_kept_back_without_need() -> None:
    redactor = Redactor([b"secret-token"])
    assert redactor.feed(b"data: hello\n\n") == b"data: hello\n\n"
    assert Redactor([]).feed(b"abc") == b"abc"
    assert redactor.header("a secret-token b") == "a ************ b"
