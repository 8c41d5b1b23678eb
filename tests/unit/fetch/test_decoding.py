"""Undoing gzip and deflate in bounded pieces."""

from __future__ import annotations

import gzip
import zlib

import pytest

from isolatejs.capabilities.fetch.policy.decoding import Decoder, is_decodable
from isolatejs.errors import FetchError

DATA = bytes(range(256)) * 1000
RAW = zlib.compressobj(wbits=-15)
ENCODED = {
    "gzip": gzip.compress(DATA),
    "X-Gzip ": gzip.compress(DATA),
    "deflate": zlib.compress(DATA),
    "Deflate": RAW.compress(DATA) + RAW.flush(),
}


@pytest.mark.parametrize("size", [1, 7, 10_000_000])
@pytest.mark.parametrize("encoding", ENCODED)
def test_decodes_however_it_is_cut(encoding: str, size: int) -> None:
    assert is_decodable(encoding)
    encoded = ENCODED[encoding]
    decoder = Decoder(encoding)
    pieces = [p for i in range(0, len(encoded), size) for p in decoder.feed(encoded[i : i + size])]
    decoder.check_end()
    assert b"".join(pieces) == DATA


def test_several_gzip_members_are_one_body() -> None:
    decoder = Decoder("gzip")
    assert b"".join(decoder.feed(gzip.compress(b"a") + gzip.compress(b"b"))) == b"ab"
    assert list(decoder.feed(b"trailing rubbish")) == []
    decoder.check_end()


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    pieces = Decoder("gzip").feed(bomb)
    assert max(len(next(pieces)) for _ in range(100)) <= 65536


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_not_so_encoded_is_an_error(encoding: str) -> None:
    with pytest.raises(FetchError, match=f"not valid {encoding}"):
        list(Decoder(encoding).feed(b"\xff\xfe not compressed at all, by any means"))


def test_a_cut_body_is_an_error() -> None:
    decoder = Decoder("gzip")
    list(decoder.feed(gzip.compress(DATA)[:-20]))
    with pytest.raises(FetchError, match="ends before"):
        decoder.check_end()


def test_an_empty_body_is_empty() -> None:
    Decoder("gzip").check_end()
    assert not is_decodable("br")
    assert not is_decodable("gzip, gzip")
