"""Numbers of browser objects: given, counted, released."""

from __future__ import annotations

import pytest

import isolatejs
from isolatejs.capabilities.browser import objects
from isolatejs.capabilities.browser.objects import ObjectTable
from isolatejs.wire.errors import GuestVisibleError


class Wrapper:
    """As Playwright's: made anew for the same inner object."""

    def __init__(self, inner: object) -> None:
        self._impl_obj = inner


def test_an_object_keeps_its_number() -> None:
    table, inner = ObjectTable(), object()
    number = table.give(Wrapper(inner))
    assert table.give(Wrapper(inner)) == number
    assert table.give(Wrapper(object())) != number


def test_an_object_that_is_given_while_it_is_released_stays() -> None:
    table, target = ObjectTable(), Wrapper(object())
    number = table.give(target)
    table.give(target)  # on its way to the guest
    table.release(number, 1)
    assert table.get(number) is target
    table.release(number, 1)
    with pytest.raises(GuestVisibleError, match="the browser object is gone"):
        table.get(number)
    assert len(table) == 0


@pytest.mark.parametrize("times", [0, -1, -(10**12)])
def test_a_release_counts_for_nothing_less_than_nothing(times: int) -> None:
    table = ObjectTable()
    number = table.give(Wrapper(object()))
    table.release(number, times)
    table.release(number, 1)
    assert len(table) == 0


def test_what_was_never_given_is_not_released() -> None:
    table = ObjectTable()
    number = table.give(Wrapper(object()))
    for other in (0, -1, number + 1, 10**20):
        table.release(other, 1)
    assert len(table) == 1


def test_a_released_number_is_not_used_again() -> None:
    table = ObjectTable()
    first = table.give(Wrapper(object()))
    table.release(first, 1)
    assert table.give(Wrapper(object())) > first


def test_objects_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "BROWSER_OBJECTS_LIMIT", 2)
    table = ObjectTable()
    table.give(Wrapper(object()))
    second = table.give(Wrapper(object()))
    with pytest.raises(isolatejs.QuotaExceededError, match="more than 2 browser objects"):
        table.give(Wrapper(object()))
    table.release(second, 1)
    table.give(Wrapper(object()))
