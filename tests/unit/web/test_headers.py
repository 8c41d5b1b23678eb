"""Headers, after the Fetch standard."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolatejs.web import Headers


def test_names_are_case_insensitive_and_values_are_joined() -> None:
    headers = Headers([("Accept", "a"), ("ACCEPT", "b")])
    assert headers["accept"] == "a, b"
    assert headers.get_all("Accept") == ["a", "b"]
    assert "aCCept" in headers
    assert list(headers) == ["accept"]


def test_set_cookie_values_stay_apart() -> None:
    headers = Headers([("set-cookie", "a=1"), ("x", "y"), ("Set-Cookie", "b=2, c")])
    assert headers.get_set_cookie() == ["a=1", "b=2, c"]
    assert headers.items() == [("set-cookie", "a=1"), ("set-cookie", "b=2, c"), ("x", "y")]


def test_set_replaces_all_and_keeps_the_place() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("a", "3")])
    headers.set("A", "4")
    assert headers.multi_items() == [("a", "4"), ("b", "2")]
    headers["c"] = "5"
    assert headers["c"] == "5"


def test_delete_and_missing_names() -> None:
    headers = Headers({"a": "1"})
    headers.delete("b")
    headers.delete("A")
    assert len(headers) == 0
    assert headers.get("a") is None
    assert headers.get("a", "else") == "else"
    with pytest.raises(KeyError):
        headers["a"]
    with pytest.raises(KeyError):
        del headers["a"]


def test_is_made_from_dict_pairs_httpx_and_itself() -> None:
    for given_ in ({"a": "1"}, [("a", "1")], httpx.Headers({"A": "1"}), Headers({"a": "1"})):
        assert dict(Headers(given_)) == {"a": "1"}
    assert httpx.Headers(Headers([("set-cookie", "a"), ("set-cookie", "b")]).raw()).get_list(
        "set-cookie"
    ) == ["a", "b"]


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "€"])
def test_values_that_could_end_a_line_are_refused(value: str) -> None:
    headers = Headers({"x": "old"})
    for change in (headers.append, headers.set):
        with pytest.raises(ValueError, match="header value"):
            change("x", value)
    assert headers["x"] == "old"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", "a\0"])
def test_names_that_are_no_tokens_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="header name"):
        Headers([(name, "x")])


@pytest.mark.parametrize("pair", [(1, "x"), ("x", 1), ("x", None), ("x", b"y")])
def test_other_types_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(TypeError):
        Headers([pair])


def test_space_around_values_is_dropped() -> None:
    assert Headers({"x": " \t a b \r\n"})["x"] == "a b"


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "B", "set-cookie", "x-y"]), st.text(st.characters(codec="latin-1")))
    )
)
def test_nothing_that_is_accepted_can_end_a_line(pairs: list[tuple[str, str]]) -> None:
    headers = Headers()
    for name, value in pairs:
        try:
            headers.append(name, value)
        except ValueError:
            continue
    for name_bytes, value_bytes in headers.raw():
        assert not set(b"\r\n\0") & set(name_bytes + value_bytes)
    assert Headers(headers.multi_items()) == headers
