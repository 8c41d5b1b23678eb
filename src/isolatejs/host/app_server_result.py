"""What `server.handle()` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from isolatejs.web import Response


@dataclass(frozen=True, slots=True)
class ResponseResult:
    """The program answered with a response. Read its body or close it (`await response.aclose()`)."""

    response: Response
    type: Literal["response"] = "response"


@dataclass(frozen=True, slots=True)
class WebSocketResult:
    """The program turned the request into a WebSocket.

    `upgrade_data` holds `connectionId` for `server.ws`, `data` as given to `server.upgrade()` (None when it
    cannot leave the sandbox), the chosen `protocol`, and `headers` for the handshake as a list of pairs.
    """

    upgrade_data: dict[str, Any]
    type: Literal["websocket"] = "websocket"

    @property
    def connection_id(self) -> str:
        """`upgrade_data["connectionId"]`."""
        return str(self.upgrade_data["connectionId"])
