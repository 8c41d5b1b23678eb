"""The attacks: programs that say ESCAPED when they got what no program should get.

Each is the body of an async function. Returning anything else, throwing, or being ended by a limit is what
should happen. `needs` names the capability without which there is nothing to attack.
"""

from __future__ import annotations

from dataclasses import dataclass

ESCAPED = "ESCAPED"


@dataclass(frozen=True)
class Attack:
    """One attack. `ends_by` is the limit that is expected to end it, "" when it may end by itself.

    `is_typechecked`: the code is a whole program, and the type checker is what it attacks.
    """

    name: str
    group: str
    code: str
    needs: str = ""
    ends_by: str = ""
    is_typechecked: bool = False


def _reads(name: str, expression: str, needs: str = "") -> Attack:
    """Escaped when the expression gives text of /etc/passwd."""
    code = f"const found = String(await ({expression})); return found.includes('root:') ? 'ESCAPED' : 'no'"
    return Attack(name, needs or "modules", code, needs)


def _works(name: str, group: str, statement: str, needs: str = "") -> Attack:
    """Escaped when the statement ends without an exception."""
    return Attack(name, group, f"{statement}; return 'ESCAPED'", needs)


MODULES = (
    _reads(
        "static text import by eval",
        "import('/etc/passwd', { with: { type: 'text' } }).then((m) => m.default)",
    ),
    _reads("file URL", "import('file:///etc/passwd', { with: { type: 'text' } }).then((m) => m.default)"),
    _reads("new Function", "new Function(\"return import('/etc/passwd', { with: { type: 'text' } })\")()"),
    _reads("indirect eval", "(0, eval)(\"import('/etc/passwd', { with: { type: 'text' } })\")"),
    _reads("data URL that imports", "import('data:text/javascript,export * from \"/etc/passwd\"')"),
    _works("module over https", "modules", "await import('https://deno.land/std/version.ts')"),
    _works("npm specifier", "modules", "await import('npm:left-pad')"),
    _works("node:child_process", "modules", "(await import('node:child_process')).execSync('true')"),
    _works("node:net", "modules", "(await import('node:net')).createServer().listen(0)"),
)
PROCESS = (
    _works("Deno in reach", "process", "Deno.readTextFileSync('/etc/passwd')"),
    _works("process.kill of everything", "process", "process.kill(-1, 'SIGKILL')"),
    _works("process.kill of the parent", "process", "process.kill(process.ppid, 'SIGKILL')"),
    _works("process.binding", "process", "process.binding('spawn_sync').spawn({})"),
    _works("a queued signal", "process", "process.kill(process.pid, 40)"),
    Attack("process.exit", "process", "process.exit(0); return 'still here'"),
    Attack("process.abort", "process", "process.abort(); return 'still here'"),
    Attack(
        "worker bomb", "process", "for (;;) new Worker('data:text/javascript,for(;;);', { type: 'module' })"
    ),
    Attack(
        "engine by constructor chain",
        "process",
        "const g = [].constructor.constructor('return globalThis')(); return g.Deno?.pid ? 'ESCAPED' : 'no'",
    ),
)
TIME = tuple(
    Attack(name, "time", code, ends_by="execution_timeout_ms")
    for name, code in {
        "busy loop": "for (;;);",
        "microtask loop": "for (;;) await null",
        "catastrophic regular expression": "return /(a+)+$/.test('a'.repeat(60) + 'b')",
        "giant BigInt": "return String(7n ** 100000000n).length",
        "Atomics.wait": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        "promise that never settles": "await new Promise(() => {})",
    }.items()
)
MEMORY = tuple(
    Attack(name, "memory", code, ends_by="memory_limit_mb")
    for name, code in {
        "array": "const a = []; for (;;) a.push(1, 2, 3, 4)",
        "Map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, i)",
        "strings": "const a = []; for (let i = 0; ; i++) a.push('abc'.repeat(10000) + i)",
        "byte arrays": "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))",
        "untouched buffers": "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))",
        "Blobs": "const a = []; for (;;) a.push(new Blob([new Uint8Array(1 << 20)]))",
        "WebAssembly memory": "const a = []; for (;;) a.push(new WebAssembly.Memory({ initial: 100 }))",
        "WebAssembly tables": "const a = []; "
        "for (;;) a.push(new WebAssembly.Table({ element: 'externref', initial: 1e6 }))",
        "resizable buffers": "const a = []; for (;;) { "
        "const b = new ArrayBuffer(0, { maxByteLength: 1 << 28 }); b.resize(1 << 20); a.push(b) }",
        "shared memory that grows": "const a = []; for (;;) { const b = new SharedArrayBuffer(0, "
        "{ maxByteLength: 1 << 28 }); b.grow(1 << 20); new Uint8Array(b).fill(1); a.push(b) }",
    }.items()
)
ADDRESSES = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://0/",
    "http://metadata.google.internal/",
    "file:///etc/passwd",
)
FETCH = tuple(
    Attack(
        f"fetch {address}",
        "fetch",
        f"const r = await fetch({address!r}, {{ signal: AbortSignal.timeout(1500) }}); "
        "return r.ok ? 'ESCAPED: status ' + r.status : 'no'",
        "fetch",
    )
    for address in ADDRESSES
)
PATHS = ("..", "../..", "/..", "../../../../etc", "%2e%2e", "..%2f..", "\\..\\..", "a/../../..", "..\0")
_OPEN = "(await (await root.getFileHandle({name!r})).getFile()).text()"
FILES = tuple(
    Attack(
        f"directory {path!r}",
        "files",
        f"for await (const [name] of (await getDirectory({path!r})).entries()) "
        "if (name === 'passwd' || name === 'proc') return 'ESCAPED: ' + name; return 'no'",
        "files",
    )
    for path in PATHS
) + tuple(
    _reads(f"file {path!r}", f"getDirectory('/').then(async (root) => {_OPEN.format(name=path)})", "files")
    for path in ("../../../../etc/passwd", "/etc/passwd", "..\\..\\etc\\passwd", "%2e%2e/%2e%2e/etc/passwd")
)
HOSTILE_ARGUMENTS = (
    "",
    "'../../../../etc/passwd'",
    "'/etc/passwd'",
    "'; cat /etc/passwd'",
    "'x'.repeat(1e6)",
    "'\\0'",
    "NaN",
    "-1e308",
    "2n ** 4000n",
    "null",
    "[[[[[[]]]]]]",
    'JSON.parse(\'{"__proto__": {"admin": true}, "constructor": 1}\')',
    "new Proxy({}, { get() { throw 1 } })",
    "{ then(f) { f(1) } }",
    "new Uint8Array(1e6)",
)


def tool_attacks(paths: list[str]) -> list[Attack]:
    """Every tool (`name` or `group.name`) called with every hostile argument."""
    return [
        Attack(
            f"{path}({argument if len(argument) < 40 else argument[:37] + '...'})",
            "tools",
            f"const found = String(await globalThis.{path}({argument})); "
            "return found.includes('root:') ? 'ESCAPED: ' + found.slice(0, 200) : 'answered'",
            "tools",
        )
        for path in paths
        for argument in HOSTILE_ARGUMENTS
    ]


def _checked(name: str, program: str) -> Attack:
    """Escaped when the checker's errors tell what is in /etc/passwd."""
    return Attack(name, "type checker", program, is_typechecked=True)


TYPE_CHECKER = (
    _checked("file as text", "import text from '/etc/passwd' with { type: 'text' }; const n: 1 = text;"),
    _checked(
        "file URL as text", "import text from 'file:///etc/passwd' with { type: 'text' }; const n: 1 = text;"
    ),
    _checked("reference path", "/// <reference path='/etc/passwd' />\nconst n: 1 = root;"),
    _checked("types of a file", "const n: 1 = null as any as typeof import('../../../../etc/passwd');"),
    _checked("spaces after an import", "import a from 'absent'" + " " * 100_000 + ";"),
    _checked(
        "a property that is called as the message is", "const a: { '" + "Property " * 3_000 + "': 1 } = {};"
    ),
    _checked("many errors in one line", "nope;" * 2_000),
)

CORPUS: tuple[Attack, ...] = TYPE_CHECKER + MODULES + PROCESS + TIME + MEMORY + FETCH + FILES
