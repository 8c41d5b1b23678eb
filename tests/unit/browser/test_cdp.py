"""Which CDP methods programs have: a list, with a reason for every domain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isolatejs.capabilities.browser.cdp import DOMAINS, check_cdp, watch_worlds
from isolatejs.capabilities.browser.cdp_methods import ALLOWED_METHODS
from isolatejs.wire.errors import GuestVisibleError

SCRIPT = Path(__file__).parents[3] / "scripts/cdp_methods"


def test_the_list_is_that_of_the_installed_protocol() -> None:
    """When this fails: run scripts/cdp_methods and review what is new."""
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("method", ["DOM.getDocument", "Network.enable", "Runtime.evaluate", "Page.reload"])
def test_methods_of_the_page(method: str) -> None:
    check_cdp(method, {})


@pytest.mark.parametrize(
    "method",
    ["Browser.close", "Target.getTargets", "Page.setDownloadBehavior", "", "DOM", "Emulation.addScreen",
     "Page.startScreenRecording", "Page.addScriptToEvaluateOnLoad", "Runtime.futureMethod", "Future.method"],
)  # fmt: skip
def test_methods_beyond_the_page(method: str) -> None:
    with pytest.raises(GuestVisibleError, match="is refused: "):
        check_cdp(method, {})


def test_every_reason_is_of_a_domain_or_method() -> None:
    for name, domain in DOMAINS.items():
        assert domain.reason
        assert domain.allowed or not domain.refused, name
        assert not {f"{name}.{method}" for method in domain.refused} & ALLOWED_METHODS


class Session:
    """A CDP session that tells of execution contexts."""

    def __init__(self) -> None:
        self.listeners: dict[str, Any] = {}

    def on(self, event: str, listener: Any) -> None:
        self.listeners[event] = listener


def test_code_runs_in_the_main_worlds_of_the_session_alone() -> None:
    session = Session()
    watch_worlds(session)
    for number, is_default in ((1, True), (2, False)):
        context = {"id": number, "uniqueId": f"u{number}", "auxData": {"isDefault": is_default}}
        session.listeners["Runtime.executionContextCreated"]({"context": context})
    check_cdp("Runtime.evaluate", {"expression": "1", "contextId": 1}, session)
    check_cdp("Runtime.evaluate", {"expression": "1", "uniqueContextId": "u1"}, session)
    for params in (
        {"contextId": 2},
        {"contextId": 7},
        {"uniqueContextId": "u2"},
        {"contextId": [1]},
        {"contextId": None},
    ):
        with pytest.raises(GuestVisibleError, match="worlds of the page"):
            check_cdp("Runtime.evaluate", params, session)
    for method, name in (("Runtime.callFunctionOn", "executionContextId"), ("DOM.resolveNode", "executionContextId"),
                         ("Runtime.compileScript", "executionContextId")):  # fmt: skip
        with pytest.raises(GuestVisibleError, match="worlds of the page"):
            check_cdp(method, {name: 2}, session)
    with pytest.raises(GuestVisibleError, match="worlds of the page"):
        check_cdp("Runtime.evaluate", {"contextId": 1}, Session())
    session.listeners["Runtime.executionContextsCleared"](None)
    with pytest.raises(GuestVisibleError, match="worlds of the page"):
        check_cdp("Runtime.evaluate", {"contextId": 1}, session)
