"""App servers from source text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.host.app_server import AppServer
from isolatejs.host.opening import Opening

if TYPE_CHECKING:
    import isolatejs

Serving = Callable[..., Opening[AppServer]]


@pytest.fixture
def serving(host: isolatejs.IsolateHost) -> Serving:
    """`async with serving(code, **options) as server`. `code` without serve() is the body of fetch()."""

    def open_server(code: str, **options: Any) -> Opening[AppServer]:
        if "serve(" not in code and "export default" not in code:
            code = "serve({ async fetch(request, server, context) {" + code + "} });"
        return host.create_app_server(code=code, **options)

    return open_server
