"""Errors cross as values and as what is thrown: class, cause chain, own fields and the errors of an AggregateError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import AbortError, AbortSignal, ArrayBuffer, GuestError, JSError, SignalTimeoutError

if TYPE_CHECKING:
    from isolatejs import IsolateHost


async def test_a_cause_chain_is_kept_to_its_end(host: IsolateHost) -> None:
    code = """
      let error = new Error('0');
      for (let i = 1; i <= 100; i++) error = new RangeError(`${i}`, { cause: error });
      error
    """
    async with host.create_runtime() as runtime:
        error = await runtime.eval(code)
        for number in range(100, 0, -1):
            assert (error.name, error.message) == ("RangeError", str(number))
            error = error.cause
        assert (error.name, error.message) == ("Error", "0")


async def test_a_thrown_error_has_its_causes(host: IsolateHost) -> None:
    code = (
        "throw new TypeError('top', { cause: new Error('middle', { cause: { code: new Map([[1, 2]]) } }) })"
    )
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError, match="top") as caught:
            await runtime.eval(code)
        middle = caught.value.__cause__
        assert isinstance(middle, GuestError)
        assert (caught.value.name, middle.message, middle.cause) == ("TypeError", "middle", {"code": {1: 2}})


async def test_an_error_that_is_its_own_cause(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        error = await runtime.eval("const e = new Error('x'); e.cause = e; e")
        assert error.cause is error
        with pytest.raises(GuestError, match="x"):
            await runtime.eval("const e = new Error('x'); e.cause = e; throw e")


async def test_aggregate_errors_keep_their_errors(host: IsolateHost) -> None:
    make = "new AggregateError([new TypeError('a'), 5, new RangeError('b', { cause: 1 })], 'many')"
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        error = await runtime.eval(make)
        assert (error.name, error.message) == ("AggregateError", "many")
        first, second, third = error.fields["errors"]
        assert (first.name, second, third.name, third.cause) == ("TypeError", 5, "RangeError", 1)
        with pytest.raises(GuestError) as caught:
            await runtime.eval(f"throw {make}")
        assert [getattr(one, "name", one) for one in caught.value.properties["errors"]] == [
            "TypeError",
            5,
            "RangeError",
        ]
        code = f"const e = await echo({make}); [e instanceof AggregateError, e.errors[0].message, Object.keys(e)]"
        assert await runtime.eval(code) == [True, "a", []]
        assert await runtime.eval("Promise.any([Promise.reject(7)]).catch((e) => e.errors)") == [7]


async def test_exception_groups_are_aggregate_errors(host: IsolateHost) -> None:
    group = ExceptionGroup("several", [ValueError("a"), KeyError("b")])
    group.__cause__ = OSError("why")
    async with host.create_runtime(bindings={"tools": {"make": lambda: [group]}}) as runtime:
        code = """
          const [e] = await make();
          [e instanceof AggregateError, e.message, e.errors.map((one) => one.name), e.cause.name]
        """
        assert await runtime.eval(code) == [True, "several", ["ValueError", "KeyError"], "OSError"]


async def test_own_fields_and_classes_cross_both_ways(host: IsolateHost) -> None:
    code = """
      class QuotaError extends Error { name = 'QuotaError'; left = 3; by = new Date(5) }
      const back = await echo(new QuotaError('few'));
      [back.name, back.message, back.left, back.by.getTime(), back instanceof Error, `${back}`]
    """
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        assert await runtime.eval(code) == ["QuotaError", "few", 3, 5, True, "QuotaError: few"]
        dom = "const e = await echo(new DOMException('m', 'DataError')); [e instanceof DOMException, e.name, e.code]"
        assert await runtime.eval(dom) == [True, "DataError", 0]


@pytest.mark.parametrize(
    ("thrown", "value"),
    [
        ("5", 5),
        ("'text'", "text"),
        ("null", None),
        ("{a: [NaN]}", {"a": [pytest.approx(float("nan"), nan_ok=True)]}),
    ],
)
async def test_what_is_thrown_and_no_error_comes_as_its_value(
    host: IsolateHost, thrown: str, value: Any
) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError) as caught:
            await runtime.eval(f"throw {thrown}")
        assert caught.value.value == value


async def test_an_error_whose_getters_throw_still_crosses(host: IsolateHost) -> None:
    code = "throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('trap') } })"
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError):
            await runtime.eval(code)
        assert await runtime.eval("1 + 1") == 2


async def test_js_errors_made_by_the_host_keep_class_and_fields(host: IsolateHost) -> None:
    made = JSError(
        "RangeError", "far", cause=JSError("TypeError", "inner"), fields={"limit": 3, "__proto__": 1}
    )
    async with host.create_runtime(bindings={"tools": {"make": lambda: made}}) as runtime:
        code = """
          const e = await make();
          [e instanceof RangeError, e.cause instanceof TypeError, Object.entries(e)]
        """
        assert await runtime.eval(code) == [True, True, [["limit", 3], ["__proto__", 1]]]


@pytest.mark.parametrize(
    "thrown",
    [
        "new Error('\\ud800')",
        "new DOMException('\\ud800', '\\udc00')",
        "new TypeError('a\\\\\\ud800\\\\ud800')",
    ],
)
async def test_lone_surrogates_in_an_error_become_replacement_characters(
    host: IsolateHost, thrown: str
) -> None:
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        with pytest.raises(GuestError, match="\ufffd") as caught:
            await runtime.eval(f"throw {thrown}")
        assert "\ud800" not in caught.value.message
        assert (await runtime.eval(f"await echo({thrown})")).message == caught.value.message
        assert await runtime.eval("1") == 1


async def test_lone_surrogates_in_a_tools_error(host: IsolateHost) -> None:
    def fail() -> None:
        raise ValueError("bad \udc80 name")

    bindings = {"tools": {"fail": fail, "make": lambda: [ValueError("\ud800"), JSError("Error", "\udfff")]}}
    async with host.create_runtime(bindings=bindings) as runtime:
        assert await runtime.eval("fail().catch((e) => e.message)") == "bad \ufffd name"
        assert await runtime.eval("(await make()).map((e) => e.message)") == ["\ufffd", "\ufffd"]


@pytest.mark.parametrize(
    ("thrown", "value"),
    [("new Uint8Array([1, 2])", b"\1\2"), ("'\\ud800'", "\ud800"), ("{ bytes: [new ArrayBuffer(1)] }", None)],
)
async def test_a_thrown_value_brings_its_bytes(host: IsolateHost, thrown: str, value: Any) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError) as caught:
            await runtime.eval(f"throw {thrown}")
        assert caught.value.value == (value or {"bytes": [ArrayBuffer(b"\0")]})
        with pytest.raises(GuestError, match="x") as caught:
            await runtime.eval(f"throw Object.assign(new Error('x'), {{ data: {thrown}, no: () => 1 }})")
        assert caught.value.properties["data"] == (value or {"bytes": [ArrayBuffer(b"\0")]})


async def test_an_abort_of_the_host_is_the_exception_of_the_web(host: IsolateHost) -> None:
    """Thrown by a tool, as a value, and as the reason of a signal: a DOMException with the standard's name."""

    def fail(timed: bool) -> None:
        raise SignalTimeoutError(timeout_ms=5) if timed else AbortError("enough")

    def tell() -> list[Any]:
        return [AbortError("enough"), SignalTimeoutError(), AbortSignal.abort(), AbortSignal.timeout(0)]

    code = """
      const caught = [];
      for (const timed of [false, true]) await fail(timed).catch((error) => caught.push(error));
      const [abort, timeout, aborted, timedOut] = await tell();
      [...caught, abort, timeout, aborted.reason, timedOut.reason].map((e) => [e instanceof DOMException, e.name])
    """
    async with host.create_runtime(bindings={"tools": {"fail": fail, "tell": tell}}) as runtime:
        seen = await runtime.eval(code)
    assert seen == [[True, "AbortError"], [True, "TimeoutError"]] * 3


@pytest.mark.parametrize(
    "thrown",
    [
        "Object.assign(new Error('lost'), { request: new Request('data:,x') })",
        "new Error('lost', { cause: new Request('data:,x') })",
        "Object.assign(new Error('lost'), { inner: Object.assign(new Error('in'), { r: new Request('data:,x') }) })",
        "{ name: 'Error', message: 'lost', r: new Request('data:,x') }",
    ],
)
async def test_an_error_with_what_python_has_no_form_of_arrives_without_it(
    host: IsolateHost, thrown: str
) -> None:
    async with host.create_runtime() as runtime:
        for how in (f"throw {thrown}", f"await Promise.reject({thrown})"):
            with pytest.raises(GuestError):
                await runtime.eval(how)
        assert await runtime.eval("1 + 1") == 2
