"""A program that has taken the kernel over attacks the machine's files, network and secrets."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import evaluate, leased, process_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import Sandbox


@pytest.fixture
async def sandbox(pool: EmbeddedPool) -> AsyncIterator[Sandbox]:
    async with leased(pool) as sandbox:
        yield sandbox


READS = {
    "Deno API": "Deno.readTextFile('/etc/passwd')",
    "raw op": "Deno[Deno.internal].core.ops.op_fs_read_file_text_sync('/etc/passwd')",
    "dynamic import as text": "import('/etc/passwd', { with: { type: 'text' } }).then((m) => m.default)",
    "dynamic import as JSON": "import('/etc/passwd', { with: { type: 'json' } })",
    "dynamic import as bytes": "import('/etc/passwd', { with: { type: 'bytes' } })",
    "import in new Function": "new Function(\"return import('/etc/passwd', { with: { type: 'text' } })\")()",
    "file URL": "import('file:///etc/passwd', { with: { type: 'text' } })",
    "fetch of a file URL": "fetch('file:///etc/passwd').then((r) => r.text())",
    "node:fs": "import('node:fs').then((fs) => fs.readFileSync('/etc/passwd', 'utf8'))",
    "dot dot": "Deno.readTextFile('/isolatejs/../etc/passwd')",
    "environment": "Deno.readTextFile('/proc/self/environ')",
    "root of process 1": "Deno.readTextFile('/proc/1/root/etc/passwd')",
    "engine binary as text": "import('/engine/deno', { with: { type: 'bytes' } }).then(() => 'root:')",
    "worker": """new Promise((resolve, reject) => {
        const source = "import t from '/etc/passwd' with { type: 'text' }; postMessage(t)";
        const worker = new Worker(URL.createObjectURL(new Blob([source])), { type: 'module' });
        worker.onmessage = (e) => resolve(e.data);
        worker.onerror = (e) => { e.preventDefault(); reject(new Error('refused')); };
    })""",
}


@pytest.mark.parametrize("code", READS.values(), ids=READS.keys())
async def test_no_file_of_the_machine_can_be_read(sandbox: Sandbox, code: str) -> None:
    answer = await evaluate(sandbox, code)
    assert "root:" not in answer
    assert answer == "" or answer.startswith("threw"), answer


WRITES = {
    "Deno API": "Deno.writeTextFile('/isolatejs/x', 'x')",
    "temporary file": "Deno.makeTempFile()",
    "node:fs": "import('node:fs').then((fs) => fs.writeFileSync('/tmp/x', 'x'))",
    "guest image": "import('node:fs').then((fs) => fs.writeFileSync('/isolatejs/guest/main.js', 'x'))",
    "localStorage": "localStorage.setItem('a', 'b') ?? localStorage.getItem('a')",
    "Cache API": "caches.open('v1').then((c) => c.put('http://a/', new Response('x')))",
    "Deno KV": "Deno.openKv().then((kv) => kv.set(['a'], 1))",
}


@pytest.mark.parametrize("code", WRITES.values(), ids=WRITES.keys())
async def test_nothing_can_be_written(sandbox: Sandbox, code: str) -> None:
    answer = await evaluate(sandbox, code)
    assert answer == "" or answer.startswith("threw"), answer


CONNECTIONS = {
    "fetch": "fetch('http://127.0.0.1:1/')",
    "Deno.connect": "Deno.connect({ port: 22 })",
    "Deno.listen": "Deno.listen({ port: 0 })",
    "node:net": "import('node:net').then((n) => new Promise((_, fail) => n.connect(22).on('error', fail)))",
    "node:dgram": """import('node:dgram').then((d) => new Promise((_, fail) =>
        d.createSocket('udp4').on('error', fail).bind(0)))""",
    "WebSocket": "new Promise((_, fail) => { new WebSocket('ws://127.0.0.1:1').onerror = () => fail('no') })",
    "DNS": "Deno.resolveDns('localhost', 'A')",
    "Unix socket": "Deno.connect({ transport: 'unix', path: '/sync-replies' })",
    "module over https": "import('https://deno.land/std/version.ts')",
    "npm package": "import('npm:left-pad')",
}


@pytest.mark.parametrize("code", CONNECTIONS.values(), ids=CONNECTIONS.keys())
async def test_nothing_can_be_connected_to(sandbox: Sandbox, code: str) -> None:
    answer = await evaluate(sandbox, code)
    assert answer == "" or answer.startswith("threw"), answer


async def test_the_machine_has_no_name_no_user_and_no_environment(sandbox: Sandbox) -> None:
    code = """(async () => {
        const os = await import('node:os');
        const process = (await import('node:process')).default;
        const facts = [];
        const tell = (fn) => { try { facts.push(String(fn())) } catch (error) { facts.push(String(error)) } };
        tell(() => os.hostname());
        tell(() => JSON.stringify(os.userInfo()));
        tell(() => os.homedir());
        tell(() => JSON.stringify(process.env));
        tell(() => process.cwd());
        tell(() => process.execPath);
        tell(() => process.title);
        tell(() => Deno.mainModule);
        tell(() => new Error().stack);
        return facts.join('|');
    })()"""
    answer = await evaluate(sandbox, code)
    for secret in (socket.gethostname(), os.environ.get("HOME", ""), os.getcwd(), "/venv", "site-packages"):
        assert len(secret) < 3 or secret not in answer


async def test_gpu_access_loads_nothing(sandbox: Sandbox) -> None:
    await evaluate(sandbox, "navigator.gpu?.requestAdapter().then(String, String)")
    maps = process_file(sandbox, "maps")
    assert "vulkan" not in maps.lower()
    assert "libGL" not in maps


async def test_two_sandboxes_share_no_directory_and_no_queue(pool: EmbeddedPool) -> None:
    async with leased(pool) as first, leased(pool) as second:
        for sandbox in (first, second):
            answer = await evaluate(sandbox, "[...Deno.readDirSync('/private')].length")
            assert answer == "0" or answer.startswith("threw")
        for kind in ("user", "mnt", "pid", "net", "ipc", "uts"):
            links = {os.readlink(f"/proc/{pid}/ns/{kind}") for pid in (first.pid, second.pid, os.getpid())}
            assert len(links) == 3, kind
