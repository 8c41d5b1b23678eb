"""Redirects as the Fetch standard says, whoever makes the requests."""

from __future__ import annotations

import pytest

from isolatejs.capabilities.fetch.redirects import follow_redirects
from isolatejs.errors import FetchError
from isolatejs.web import Request, Response


class Site:
    """Answers by URL and keeps what it was asked."""

    def __init__(self, **redirects: tuple[int, str]) -> None:
        self.redirects = redirects
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    async def send(self, request: Request) -> Response:
        self.seen.append((request.method, request.url, dict(request.headers), await request.bytes()))
        status, location = self.redirects.get(request.url.rpartition("/")[2].partition("#")[0], (200, ""))
        return Response(status=status, headers={"location": location} if location else None)


def post(url: str = "http://a.com/start", body: object = b"x") -> Request:
    headers = {"authorization": "secret", "cookie": "c", "content-type": "text/x", "x-other": "kept"}
    return Request(url, method="POST", headers=headers, body=body)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_post_becomes_get_without_its_body(status: int) -> None:
    site = Site(start=(status, "/end"))
    response = await follow_redirects(post(), site.send)
    assert [(method, url, body) for method, url, _, body in site.seen] == [
        ("POST", "http://a.com/start", b"x"),
        ("GET", "http://a.com/end", b""),
    ]
    assert "content-type" not in site.seen[1][2]
    assert site.seen[1][2]["authorization"] == "secret"
    assert (response.url, response.redirected) == ("http://a.com/end", True)


@pytest.mark.parametrize("status", [307, 308])
async def test_post_is_sent_again(status: int) -> None:
    site = Site(start=(status, "end"))
    await follow_redirects(post(), site.send)
    assert [(method, body) for method, _, _, body in site.seen] == [("POST", b"x"), ("POST", b"x")]


async def test_a_stream_cannot_be_sent_again_but_can_be_dropped() -> None:
    with pytest.raises(FetchError, match="streamed"):
        await follow_redirects(post(body=[b"x"]), Site(start=(307, "end")).send)
    site = Site(start=(303, "end"))
    await follow_redirects(post(body=[b"x"]), site.send)
    assert site.seen[1][0] == "GET"


@pytest.mark.parametrize("target", ["http://b.com/end", "https://a.com/end", "http://a.com:8080/end"])
async def test_secrets_stay_with_their_origin(target: str) -> None:
    site = Site(start=(307, target))
    await follow_redirects(post(), site.send)
    assert set(site.seen[1][2]) == {"content-type", "x-other"}


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "data:,x", "gopher://x/", "http://", "http://u:p@b.com/"]
)
async def test_a_redirect_to_no_http_url_is_an_error(location: str) -> None:
    site = Site(start=(302, location))
    with pytest.raises(FetchError, match="redirects to"):
        await follow_redirects(post(), site.send)
    assert len(site.seen) == 1


async def test_loops_end() -> None:
    site = Site(start=(302, "start"))
    with pytest.raises(FetchError, match="more than 3 redirects"):
        await follow_redirects(post(), site.send, limit=3)
    assert len(site.seen) == 4


async def test_manual_and_error() -> None:
    request = Request("http://a.com/start", redirect="manual")
    response = await follow_redirects(request, Site(start=(302, "end")).send)
    assert (response.status, response.redirected) == (302, False)
    with pytest.raises(FetchError, match="'error'"):
        await follow_redirects(Request("http://a.com/start", redirect="error"), Site(start=(302, "end")).send)


async def test_without_a_location_it_is_an_ordinary_response() -> None:
    site = Site()
    site.redirects["start"] = (302, "")
    assert (await follow_redirects(Request("http://a.com/start"), site.send)).status == 302


async def test_the_fragment_goes_along() -> None:
    site = Site(start=(302, "/end"))
    response = await follow_redirects(Request("http://a.com/start#f"), site.send)
    assert site.seen[1][1] == "http://a.com/end#f"
    assert response.url == "http://a.com/end"
