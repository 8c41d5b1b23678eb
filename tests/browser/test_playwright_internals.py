"""What managed browsers use of Playwright's private classes. A release that changes one fails here, by its name."""

from __future__ import annotations

import inspect

import pytest

pytest.importorskip("playwright")


def test_connection() -> None:
    from playwright._impl.connection import Connection, _Callback

    assert list(inspect.signature(Connection.__init__).parameters)[:2] == ["self", "loop"]
    source = inspect.getsource(Connection)
    for name in ("self._callbacks", "self._objects", "self.onmessage"):
        assert name in source, name
    for method in ("dispatch", "close", "mark_as_remote", "initialize_playwright"):
        assert callable(getattr(Connection, method)), method
    assert list(inspect.signature(Connection.dispatch).parameters) == ["self", "message"]
    assert callable(_Callback.reject)


def test_answers_are_validated_by_the_call_that_they_answer() -> None:
    """Large ones are, in a thread, by the same steps as in `Connection.dispatch`."""
    from playwright._impl.connection import Connection

    steps = inspect.getsource(Connection.dispatch)
    assert 'find_validator(callback.type, callback.method, "Result")' in steps
    assert 'validator(result, "", self._validator_from_wire_context())' in steps
    assert "callback.resolve(" in steps


def test_the_public_class_wraps_what_the_connection_gives() -> None:
    from playwright.async_api._generated import Playwright

    assert "impl_obj" in str(inspect.signature(Playwright.__init__))


def test_the_pace_of_messages() -> None:
    from playwright._impl.utils.tasks import wait_for_next_task

    assert inspect.iscoroutinefunction(wait_for_next_task)


def test_where_the_driver_is() -> None:
    from playwright._impl._driver import compute_driver_executable

    node, program = compute_driver_executable()
    assert node.endswith("node")
    assert program.endswith("package/cli.js")


def test_pages_and_contexts_can_be_told_that_they_are_closed() -> None:
    from playwright._impl.browser_context import BrowserContext
    from playwright._impl.page import Page

    assert callable(BrowserContext._on_close)
    assert callable(Page._on_close)


def test_downloads_come_as_streams() -> None:
    from playwright._impl.artifact import Artifact
    from playwright._impl.download import Download
    from playwright._impl.stream import ReadableStreamImpl

    assert "self._artifact" in inspect.getsource(Download)
    assert inspect.iscoroutinefunction(Artifact.create_read_stream)
    assert callable(ReadableStreamImpl.destroy)
