"""What `create_fetch_binding` refuses: a wrong option must never leave open what it means to close."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs import ConfigurationError, create_fetch_binding


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": 5},
        {"methods": 5},
        {"methods": [5]},
        {"credentials": {5: {}}},
        {"schemes": 5},
        {"credentials": 5},
        {"credentials": ["https://a.test"]},
        {"allow_loopback": "no"},
        {"allow_loopback": None},
        {"allow_private": 5},
        {"web_sockets": "no"},
        {"max_connections": 2.5},
        {"max_connections": 0},
        {"timeout_ms": True},
        {"timeout_ms": float("nan")},
        {"user_agent": 5},
        {"user_agent": "a\r\nhost: b"},
        {"ssl_context": "x"},
        {"resolver": 5},
    ],
    ids=str,
)
def test_wrong_options_are_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=name):
        create_fetch_binding(**{"hosts": "a.test", **wrong})
