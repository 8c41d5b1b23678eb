"""Nothing of the machine, the host or the kernel shows in errors, stacks, import.meta or globals."""

from __future__ import annotations

import getpass
import json
import os
import sys

import pytest

import isolatejs
from isolatejs import GuestError

PROBE = """
import * as os from "node:os";
const seen: any[] = [];
const note = (label: string, fn: () => unknown) => {
  try { seen.push(label + ": " + String(fn())) } catch (e) { seen.push(label + ": " + e + " " + e.stack) }
};
note("meta", () => JSON.stringify({ ...import.meta }));
note("stack", () => new Error("x").stack);
note("deep", () => { null.x });
note("os", () => [os.hostname(), os.homedir(), os.tmpdir(), JSON.stringify(os.userInfo?.() ?? {})].join());
note("import", () => { new Function("return import('node:fs')")().catch(() => {}) });
note("process", () => JSON.stringify((await_ => await_)(globalThis.process ?? {})));
note("navigator", () => JSON.stringify(navigator));
for (const key of Object.getOwnPropertyNames(globalThis)) note(key, () => typeof (globalThis as any)[key]);
try { await import("/etc/passwd", { with: { type: "text" } }) } catch (e) { seen.push(String(e.stack)) }
try { await import("file:///proc/self/environ") } catch (e) { seen.push(String(e.stack)) }
try { structuredClone(Symbol("x")) } catch (e) { seen.push(String(e.stack)) }
try { new URL("::") } catch (e) { seen.push(String(e.stack)) }
seen.join("\\n")
"""


def forbidden() -> list[str]:
    """Words that only the host knows."""
    words = [
        os.getcwd(),
        sys.prefix,
        os.path.dirname(isolatejs.__file__),
        "site-packages",
        "/isolatejs/guest",
    ]
    words += [os.environ["HOME"]] if len(os.environ.get("HOME", "")) > 4 else []
    words += [getpass.getuser()] if len(getpass.getuser()) > 5 else []
    return words


async def test_probing_program_learns_nothing(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        told = await runtime.eval(PROBE, "/app/probe.ts")
        for word in forbidden():
            assert word not in told
        assert "root:x:0" not in told


async def test_failing_tools_tell_nothing(host: isolatejs.IsolateHost) -> None:
    def fail() -> None:
        raise FileNotFoundError(2, "No such file or directory", "/secret/host/path")

    def broken() -> object:
        return object()

    async with host.create_runtime(bindings={"tools": {"fail": fail, "broken": broken}}) as runtime:
        told = await runtime.eval(
            "const out = []; for (const f of [fail, broken]) try { await f() } catch (e) { out.push(e.stack, e.message) } out"
        )
        assert "Traceback" not in json.dumps(told)
        assert ".py" not in json.dumps(told)


@pytest.mark.parametrize(
    "code",
    [
        "import x from 'data:text/javascript,export default 1'; x",
        "import x from 'blob:null/1'; x",
        "import x from 'npm:left-pad'; x",
        "import x from 'https://example.com/x.js'; x",
        "import x from 'file:///etc/passwd' with { type: 'text' }; x",
        "await import('/etc/passwd', { with: { type: 'text' } })",
        "await import('file:///proc/self/environ', { with: { type: 'text' } })",
        'await new Function(\'return import("/etc/passwd", {with: {type: "text"}})\')()',
        'await (0, eval)(\'import("file:///etc/passwd", {with: {type: "text"}})\')',
        "new Worker('data:text/javascript,1')",
        "import fs from 'node:fs'; fs.readFileSync('/etc/passwd', 'utf8')",
        "import cp from 'node:child_process'; cp.execSync('id').toString()",
        "import vm from 'node:vm'; vm.runInThisContext('1')",
        "import wt from 'node:worker_threads'; new wt.Worker('1', {eval: true})",
        "import inspector from 'node:inspector'; inspector.open()",
        "import net from 'node:net'; net.connect(80)",
    ],
)
async def test_ways_out_are_refused(host: isolatejs.IsolateHost, code: str) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError):
            await runtime.eval(code)
        assert await runtime.eval("1 + 1") == 2
