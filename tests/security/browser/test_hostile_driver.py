"""A tenant that is wholly the attacker's: its driver is a program of his, beside another tenant."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import chromium_path
from isolatejs.capabilities.browser.managed import pool as pool_module
from isolatejs.capabilities.browser.managed.proxy import TenantProxy
from isolatejs.host.attacks.traps import Trap, own_address
from isolatejs.playwright import BrowserPool

PROGRAM = "/driver/attack.js"
LOOKS_AROUND = r"""
const fs = require('fs'), out = {};
const attempt = (name, fn) => { try { out[name] = fn(); } catch (error) { out[name] = error.code; } };
attempt('processes', () => fs.readdirSync('/proc').filter((name) => /^\d/.test(name)));
attempt('command line of the init', () => fs.readFileSync('/proc/1/cmdline', 'utf8'));
attempt('descriptors of the init', () => fs.readdirSync('/proc/1/fd'));
attempt('memory of the init', () => fs.openSync('/proc/1/mem', 'r+'));
attempt('environment', () => Object.keys(process.env));
attempt('root', () => fs.readdirSync('/'));
attempt('write a library', () => fs.writeFileSync('/browser/x', ''));
attempt('write the root', () => fs.writeFileSync('/x', ''));
attempt('write a setting of the kernel', () => fs.writeFileSync('/proc/sys/kernel/core_pattern', 'x'));
attempt('interfaces', () => Object.keys(require('os').networkInterfaces()));
attempt('user', () => process.getuid());
attempt('capabilities', () => fs.readFileSync('/proc/self/status', 'utf8').match(/CapEff:\s*(\w+)/)[1]);
fs.writeSync(1, JSON.stringify(out));
setTimeout(() => 0, 60000);
"""
CONNECTS = r"""
const net = require('net'), dgram = require('dgram'), fs = require('fs');
const tried = TARGETS.map(([host, port]) => new Promise((done) => {
  const datagrams = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  datagrams.on('error', () => 0).send('x', port, host, () => 0);
  net.connect({ host, port }).on('connect', () => done('connected')).on('error', (error) => done(error.code));
}));
Promise.all(tried).then((answers) => fs.writeSync(1, JSON.stringify(answers)));
setTimeout(() => 0, 60000);
"""
SPEAKS = r"""
const fs = require('fs');
const send = (bytes, length = bytes.length) => { const head = Buffer.alloc(4); head.writeUInt32LE(length); fs.writeSync(1, head); fs.writeSync(1, bytes); };
WHAT
setTimeout(() => 0, 60000);
"""
MESSAGES = {
    "what is not JSON": "send(Buffer.from('{'));",
    "what is not an object": "send(Buffer.from('[1]'));",
    "a length of 4 GB and nothing more": "send(Buffer.from('x'), 0xffffffff);",
    "objects without end": """
      let i = 0;
      const more = () => { for (let n = 0; n < 1000; n++) send(Buffer.from(JSON.stringify({ guid: '', method: '__create__',
        params: { type: 'Android', guid: 'x' + i++, initializer: {} } }))); setImmediate(more); };
      more();""",
}


@pytest.fixture
async def hostile(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """`await hostile(program)` starts a pool whose drivers are that program."""
    pools: list[BrowserPool] = []
    look_around = pool_module._look_around

    async def start(program: str) -> BrowserPool:
        def replaced(options: Any) -> Any:
            settings, executable = look_around(options)
            settings.files[PROGRAM] = program
            settings.argv[:] = ["/driver/node", PROGRAM]
            return settings, executable

        monkeypatch.setattr(pool_module, "_look_around", replaced)
        pools.append(BrowserPool(executable_path=chromium_path(), size=0))
        return pools[-1]

    yield start
    for pool in pools:
        await pool.aclose()


async def _answer_of(pool: BrowserPool) -> Any:
    tenant = await pool._spawn()
    channel = tenant.take_channel()
    try:
        async with asyncio.timeout(30):
            return json.loads(await asyncio.get_running_loop().sock_recv(channel, 2**20))
    finally:
        channel.close()
        await tenant.aclose()


async def test_what_it_finds(hostile: Any) -> None:
    pool = await hostile(LOOKS_AROUND)
    other = await pool._spawn()
    found = await _answer_of(pool)
    assert not other.exited.done()
    await other.aclose()
    assert found["processes"] == ["2"]
    for hidden in ("command line of the init", "descriptors of the init", "memory of the init"):
        assert found[hidden] == "ENOENT", hidden
    assert "PATH" not in found["environment"]
    assert set(found["root"]) <= {
        "browser",
        "dev",
        "driver",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "tmp",
        "usr",
    }
    assert found["write a library"] == found["write the root"] == "EROFS"
    assert found["write a setting of the kernel"] in {"EACCES", "EROFS", "EPERM"}
    assert found["interfaces"] == ["lo"]
    assert found["user"] == 65534
    assert int(found["capabilities"], 16) == 0


async def test_where_it_connects(hostile: Any) -> None:
    """Loopback of the host, its own address, a name, the metadata service: only the port of the proxy answers."""
    trap = await Trap().open()
    try:
        hosts = ["127.0.0.1", own_address(), "::1", "localhost", "169.254.169.254", "8.8.8.8"]
        targets = [[host, trap.port] for host in hosts] + [["127.0.0.1", 3128], ["8.8.8.8", 53]]
        pool = await hostile(CONNECTS.replace("TARGETS", json.dumps(targets)))
        answers = await _answer_of(pool)
        await asyncio.sleep(0.2)  # poll: a datagram that was on its way
    finally:
        trap.close()
    assert trap.heard == []
    assert [target for target, answer in zip(targets, answers, strict=True) if answer == "connected"] == [
        ["127.0.0.1", 3128]
    ]


@pytest.mark.parametrize("name", MESSAGES)
async def test_what_it_says(hostile: Any, name: str) -> None:
    """Whoever waits for the browser gets an error in words, and nothing else happens."""
    pool = await hostile(SPEAKS.replace("WHAT", MESSAGES[name]))
    with pytest.raises(isolatejs.IsolateError) as caught:
        async with asyncio.timeout(90):
            await pool.lease()
    assert "browser" in str(caught.value)


async def test_connections_without_end() -> None:
    """They have a limit for each tenant: the host's descriptors are everybody's."""
    from isolatejs.limits import MANAGED_BROWSER_CONNECTIONS_LIMIT as LIMIT

    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    proxy = TenantProxy(listener)
    policy = isolatejs.create_fetch_binding("*", allow_loopback=True)
    proxy.use(policy.for_browser())
    address = listener.getsockname()
    open_ones = [socket.create_connection(address) for _ in range(LIMIT + 50)]
    try:
        async with asyncio.timeout(20):
            while len(proxy._connections) < LIMIT:
                await asyncio.sleep(0.01)  # poll
        await asyncio.sleep(0.1)  # poll: more would be taken now
        assert len(proxy._connections) == LIMIT
    finally:
        for connection in open_ones:
            connection.close()
        await proxy.aclose()
        listener.close()
