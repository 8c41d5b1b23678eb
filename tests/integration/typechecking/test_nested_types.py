"""What a program may write with its nested hosts typechecks, and what it may not does not."""

from __future__ import annotations

import pytest

import isolatejs
from isolatejs import typecheck

IMPORT = """
import { createIsolateHost, createModuleResolver } from "@ricsam/isolate";
import type { HostBindings, NestedHostPolicy, HostCallContext, CreateRuntimeOptions, RunResults } from "@ricsam/isolate";
const nested = createIsolateHost();
"""


@pytest.mark.parametrize(
    "code",
    [
        "await nested.createRuntime({ nestedHost: false });",
        "await nested.createRuntime({ key: 'k', executionTimeoutMs: 5, memoryLimitMB: 64 });",
        "await nested.createAppServer({ code: 'serve({})', webSockets: { onCommand(command) { command.connectionId } } });",
        "const policy: NestedHostPolicy = { fetch: 'inherit', maxRuntimes: 2, maxTotalMemoryMB: 64 }; await nested.createRuntime({ nestedHost: policy });",
        "const bindings: HostBindings = { fetch: async (request, context) => new Response(context.resourceId), files: { readFile: (path) => 'x', stat: () => ({ isFile: true, size: 1 }) } };",
        "await nested.createRuntime({ bindings: { console: { onEntry(entry, context) { context.metadata.user; entry.stdout } } } });",
        "await nested.createRuntime({ bindings: { tools: { greet: async (name: string, context: HostCallContext) => name + context.runtimeId } } });",
        "await nested.createRuntime({ bindings: { modules: { resolve: (specifier) => ({ code: specifier }) } } });",
        "createModuleResolver().virtual('/m.ts', { code: '1', filename: 'm.ts', resolveDir: '/' }).virtual('/n.ts', Promise.resolve('1'));",
        "const options: CreateRuntimeOptions = {}; const child = await nested.createRuntime(options); child.id.length; await child.dispose({ reason: 'x' });",
        "const tests = await nested.createTestRuntime(); const results: RunResults = await tests.run(''); results.passed.toFixed();",
        "const ended: boolean = await nested.disposeNamespace('k', { reason: 'x' });",
    ],
)
def test_what_runs_typechecks(code: str) -> None:
    result = typecheck(code=IMPORT + code)
    assert result.success, [error.message for error in result.errors]


@pytest.mark.parametrize(
    "code",
    [
        "await nested.createRuntime({ nestedHost: { maxRuntime: 1 } });",
        "await nested.createRuntime({ memoryLimitMb: 5 });",
        "createModuleResolver().sourceTree('/x/', '/etc');",
        "await nested.createRuntime({ bindings: { tools: 5 } });",
    ],
)
def test_what_is_refused_does_not(code: str) -> None:
    assert not typecheck(code=IMPORT + code).success


def test_the_absent_close_of_a_browser() -> None:
    code = "console.log(typeof browser.close); const context = await browser.newContext(); await context.close();"
    assert typecheck(code=code, profile="agent", capabilities=["browser", "console"]).success


async def test_a_typechecked_runtime_takes_them(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(typecheck=True) as runtime:
        code = """
        const child = await nested.createRuntime({ nestedHost: false, key: "k" });
        await child.eval("1 + 1")
        """
        assert await runtime.eval(IMPORT + code, "/index.ts") == 2


def test_a_hook_may_add_to_its_resources() -> None:
    code = """
    import { AsyncLocalStorage, createHook, executionAsyncResource } from "node:async_hooks";
    const hook = createHook({
      init(asyncId, type, triggerAsyncId, resource) { resource.requestTag = type + ":" + asyncId },
      before() { console.log(executionAsyncResource().requestTag ?? null) },
    }).enable();
    const store = new AsyncLocalStorage<string>();
    const found: string | undefined = store.run("x", () => store.getStore());
    hook.disable();
    """
    result = typecheck(code=code)
    assert result.success, [error.message for error in result.errors]
    wrong = code.replace("triggerAsyncId, resource", "triggerAsyncId, resource, more")
    assert not typecheck(code=wrong).success
