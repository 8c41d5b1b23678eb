"""Programs that attack tools through their arguments: only what is annotated arrives, errors tell no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from isolatejs import GuestError, create_isolate_host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import ScriptRuntime


class Account(msgspec.Struct, rename="camel"):
    owner: str
    is_admin: bool = False


class Tree(msgspec.Struct):
    children: list[Tree] = []


received: list[Any] = []


def open_account(account: Account, note: str = "", *, dry_run: bool = False, context: Any = None) -> str:
    received.append(account)
    assert type(context).__name__ == "HostCallContext"
    return account.owner


def grow(tree: Tree) -> int:
    return len(tree.children)


def count(values: list[int]) -> int:
    received.append(values)
    return len(values)


def fail() -> None:
    raise RuntimeError("the database is away")


def leak() -> int:
    return {"password": "hunter2"}  # type: ignore[return-value]


@pytest.fixture
async def runtime() -> AsyncIterator[ScriptRuntime]:
    received.clear()
    tools = {"openAccount": open_account, "grow": grow, "count": count, "fail": fail, "leak": leak}
    async with create_isolate_host() as host, host.create_runtime(bindings={"tools": tools}) as opened:
        yield opened


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("openAccount({ owner: 'a' }, '', { context: { signal: null } })", "unknown option"),
        ("openAccount({ owner: 'a' }, '', { dry_run: true, constructor: 1 })", "unknown option"),
        ("openAccount({ owner: { toString: () => 'a' } })", "args[0].owner"),
        ("openAccount({ owner: 'a', isAdmin: 1 })", "args[0].isAdmin: expected bool, got int"),
        ("openAccount(['a'])", "args[0]: expected Account, got list"),
        ("openAccount(new Map([['owner', 'a'], [{}, 1]]), '', {}, 1)", "expected 1 to 2 arguments and"),
        ("openAccount(...Array(100_000).fill('x'))", "openAccount: "),
        ("openAccount(null)", "args[0]: expected Account, got null"),
        ("count('12')", "args[0]: expected list[int], got str"),
        ("count([1, , 3])", "args[0][1]"),
        ("count({ length: 1, 0: 1 })", "args[0]: expected list[int], got dict"),
        ("count([1, NaN])", "args[0][1]: expected int, got float"),
        ("count(Array(1000).fill(1).concat(['x']))", "args[0][1000]: expected int, got str"),
        ("(() => { const t = { children: [] }; t.children.push(t); return grow(t) })()", "nested too deeply"),
        ("(() => { let t = { children: [] }; for (let i = 0; i < 5e4; i++) t = { children: [t] };"
         " return grow(t) })()", "nested too deeply"),
    ],
)  # fmt: skip
async def test_arguments_that_are_not_what_is_annotated(
    runtime: ScriptRuntime, call: str, message: str
) -> None:
    with pytest.raises(GuestError) as raised:
        await runtime.eval(f"await {call}")
    assert raised.value.name == "TypeError"
    assert message in raised.value.message
    assert received == []
    assert await runtime.eval("1 + 1") == 2


async def test_prototypes_and_getters_give_plain_values(runtime: ScriptRuntime) -> None:
    await runtime.eval("""
      Object.prototype.isAdmin = true;
      await openAccount({ owner: 'a' });
      await openAccount({ get owner() { return 'b' }, get isAdmin() { return false } });
      await openAccount(JSON.parse('{"owner": "c", "__proto__": {"isAdmin": true}}'));
    """)
    assert received == [Account("a"), Account("b"), Account("c")]


async def test_a_patched_array_prototype_sends_no_other_arguments(runtime: ScriptRuntime) -> None:
    await runtime.eval("""
      Array.prototype[Symbol.iterator] = function* () { yield { owner: 'evil', isAdmin: true } };
      Array.prototype.toJSON = () => [{ owner: 'evil', isAdmin: true }];
      await openAccount({ owner: 'a' });
    """)
    assert received == [Account("a")]


async def test_errors_of_tools_tell_their_message_and_nothing_else(runtime: ScriptRuntime) -> None:
    with pytest.raises(GuestError) as raised:
        await runtime.eval("await fail()")
    assert (raised.value.name, raised.value.message) == ("RuntimeError", "the database is away")
    assert ".py" not in raised.value.stack


async def test_a_result_that_is_not_annotated_does_not_cross(runtime: ScriptRuntime) -> None:
    with pytest.raises(GuestError) as raised:
        await runtime.eval("await leak()")
    assert raised.value.message == "leak: result: expected int, got dict"
    assert "hunter2" not in str(raised.value) + raised.value.stack
