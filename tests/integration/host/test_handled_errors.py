"""A program that handles what nobody caught, as pages and Node's programs do, is not failed by it."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs import GuestError, IsolateHost, create_module_resolver

WAIT = "await new Promise((done) => setTimeout(done, 20)); seen"

HANDLED: dict[str, tuple[str, Any]] = {
    "unhandledrejection": (
        "addEventListener('unhandledrejection', (event) => { event.preventDefault(); seen.push(event.reason.message, "
        "event.promise instanceof Promise) }); Promise.reject(new Error('r'));",
        ["r", True],
    ),
    "onunhandledrejection": (
        "globalThis.onunhandledrejection = (event) => { event.preventDefault(); seen.push(event.reason) };"
        "Promise.reject(7);",
        [7],
    ),
    "error": (
        "addEventListener('error', (event) => { event.preventDefault(); seen.push(event.error.message) });"
        "setTimeout(() => { throw new Error('t') }, 1);",
        ["t"],
    ),
    "the last of several listeners": (
        "addEventListener('error', () => seen.push('first')); addEventListener('error', (event) => {"
        "seen.push('second'); event.preventDefault() }); setTimeout(() => { throw new Error('t') }, 1);",
        ["first", "second"],
    ),
    "process unhandledRejection": (
        "process.on('unhandledRejection', (error, promise) => seen.push(error.message, promise instanceof Promise));"
        "Promise.reject(new Error('r'));",
        ["r", True],
    ),
    "process uncaughtException": (
        "process.on('uncaughtException', (error, origin) => seen.push(error.message, origin));"
        "setTimeout(() => { throw new Error('u') }, 1);",
        ["u", "uncaughtException"],
    ),
}


@pytest.mark.parametrize(("program", "seen"), HANDLED.values(), ids=HANDLED.keys())
async def test_a_handled_error_does_not_fail_the_program(host: IsolateHost, program: str, seen: Any) -> None:
    async with host.create_runtime(bindings={"modules": create_module_resolver()}) as runtime:
        assert await runtime.eval(f"const seen = []; {program} {WAIT}") == seen


NOT_HANDLED = {
    "a listener that prevents nothing": "addEventListener('unhandledrejection', () => {}); Promise.reject(new Error('lost'));",
    "a listener of another event": "process.on('warning', () => {}); Promise.reject(new Error('lost'));",
    "a listener that throws": (
        "addEventListener('unhandledrejection', () => { throw new Error('lost') }); Promise.reject(new Error('lost'));"
    ),
}


@pytest.mark.parametrize("program", NOT_HANDLED.values(), ids=NOT_HANDLED.keys())
async def test_other_errors_fail_the_program(host: IsolateHost, program: str) -> None:
    async with host.create_runtime(bindings={"modules": create_module_resolver()}) as runtime:
        with pytest.raises(GuestError, match="lost"):
            await runtime.eval(f"const seen = []; {program} {WAIT}")
        assert await runtime.eval("1 + 1") == 2
