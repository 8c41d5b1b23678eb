"""Bodies: whole or streamed, read once, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.web import Blob, File, FormData, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Source:
    """A stream that counts what is asked of it."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)
        self.closed = 0
        self.asked = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.asked += 1
        if not self.chunks:
            raise StopAsyncIteration
        return self.chunks.pop(0)

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "given",
    [b"ab", bytearray(b"ab"), memoryview(b"ab"), "ab", Blob([b"a", "b"]), [b"a", b"b"], Source(b"a", b"b")],
    ids=lambda given: type(given).__name__,
)
async def test_every_kind_of_body_reads_the_same(given: bytes) -> None:
    response = Response(given)
    assert not response.body_used
    assert await response.text() == "ab"
    assert response.body_used
    with pytest.raises(TypeError, match="read already"):
        await response.bytes()


async def test_no_body_is_empty_and_can_be_read_again() -> None:
    response = Response()
    assert response.body is None
    assert (await response.bytes(), await response.text()) == (b"", "")


async def test_a_whole_body_can_be_taken_as_a_stream() -> None:
    body = Response(b"x" * 100_000).body
    assert body is not None
    assert [len(chunk) async for chunk in body] == [65536, 34464]


async def test_a_stream_is_pulled_not_pushed() -> None:
    source = Source(b"a", b"b", b"c")
    body = Response(source).body
    assert body is not None
    assert source.asked == 0
    assert await anext(body) == b"a"
    assert source.asked == 1
    await body.aclose()
    assert source.closed == 1
    assert [chunk async for chunk in body] == []


async def test_the_stream_can_be_looked_at_before_it_is_read() -> None:
    for given in (b"ab", [b"a", b"b"]):
        response = Response(given)
        assert response.body is response.body
        assert not response.body_used
        assert await response.bytes() == b"ab"
        with pytest.raises(TypeError, match="read already"):
            _ = response.body


async def test_an_unread_body_frees_its_source() -> None:
    source = Source(b"a")
    await Response(source).aclose()
    assert (source.asked, source.closed) == (0, 1)


async def test_a_long_stream_is_not_gathered() -> None:
    source = Source(*[b"x" * 10] * 5)
    with pytest.raises(ValueError, match="longer than 25 bytes"):
        await Response(source).bytes(limit_bytes=25)
    assert source.closed == 1
    assert source.asked == 3


async def test_a_stream_of_something_else_fails() -> None:
    with pytest.raises(TypeError, match="must give bytes, not str"):
        await Response(["text"]).bytes()  # type: ignore[list-item]
    with pytest.raises(TypeError, match="a body is"):
        Response(7)  # type: ignore[arg-type]


async def test_an_error_of_the_source_reaches_the_reader() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        await Response(broken()).bytes()


async def test_text_drops_the_byte_order_mark_and_replaces_bad_bytes() -> None:
    assert await Response(b"\xef\xbb\xbfa\xff").text() == "a\ufffd"


async def test_json_and_blob() -> None:
    assert await Request("http://a", method="POST", body='{"a": [1]}').json() == {"a": [1]}
    blob = await Response("x", headers={"content-type": "Text/X"}).blob()
    assert (blob.type, await blob.text()) == ("text/x", "x")


async def test_forms_go_there_and_back() -> None:
    form = FormData([("a", "1\n2"), ("a", "é"), ('q"\r\n', File([b"\0\xff"], 'n"\n.bin', type="x/y"))])
    back = await Request("http://a", method="POST", body=form).form_data()
    assert back.get_all("a") == ["1\r\n2", "é"]
    file = back.get('q"\r\n')
    assert isinstance(file, File)
    assert (file.name, file.type, await file.bytes()) == ('n"\n.bin', "x/y", b"\0\xff")


async def test_url_encoded_forms_are_read() -> None:
    response = Response("a=1+2&b=%C3%A9", headers={"content-type": "application/x-www-form-urlencoded"})
    assert (await response.form_data()).items() == [("a", "1 2"), ("b", "é")]


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nno name\r\n--b--", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut', "multipart/form-data; boundary=b"),
    ],
)
def test_what_is_no_form_is_refused(data: bytes, content_type: str) -> None:
    with pytest.raises(ValueError):
        FormData.decode(data, content_type)


def test_a_form_of_too_many_parts_is_refused() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    with pytest.raises(ValueError, match="more than"):
        FormData.decode(part * 10_001 + b"--b--", "multipart/form-data; boundary=b")


async def test_blob_slices_and_lazy_blobs() -> None:
    assert await Blob([b"abcdef"]).slice(1, -1).text() == "bcde"
    asked: list[tuple[int, int]] = []

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        asked.append((start, end))
        yield b"abcdef"[start:end]

    lazy = Blob.lazy(6, read, type="a/b")
    part = lazy.slice(2).slice(1, 3)
    assert (part.size, asked) == (2, [])
    assert await part.text() == "de"
    assert asked == [(3, 5)]
    assert await Response(lazy).text() == "abcdef"
    with pytest.raises(TypeError, match="list of parts"):
        Blob(b"abc")  # type: ignore[arg-type]
