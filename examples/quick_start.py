"""The main job: a TypeScript program, with exactly the capabilities that this host grants.

Runs by itself: it starts a small HTTP server on loopback and a temporary folder, and gives the program those
two, two modules and one tool. Everything else (the network, the disk, the environment) is not there for it.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from isolatejs import (
    ConsoleEntry,
    create_fetch_binding,
    create_file_bindings,
    create_isolate_host,
    create_module_resolver,
)

PROGRAM = """
import { mode } from "@/env";

interface Greeting { status: number; text: string }

const response = await fetch(`${mode.url}/hello`);
const greeting: Greeting = { status: response.status, text: await response.text() };
console.log("mode:", mode.name);
console.log("greeting:", greeting);
console.log(await greet("isolatejs"));

const directory = await getDirectory("/");
const file = await directory.getFileHandle("greeting.json", { create: true });
const writable = await file.createWritable();
await writable.write(JSON.stringify(greeting));
await writable.close();

try {
  await fetch("http://169.254.169.254/latest/meta-data/");
} catch (error) {
  console.log("refused:", error.message);
}

export default greeting;
"""


class Hello(BaseHTTPRequestHandler):
    """Answers every GET with its path."""

    def do_GET(self) -> None:
        body = f"you asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


async def greet(name: str) -> str:
    """A tool: an ordinary Python function, with its arguments checked against its annotations."""
    return f"hello {name}"


def show(entry: ConsoleEntry) -> None:
    """Print what the program logs."""
    print(f"  | {entry.stdout}")


async def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    modules = (
        create_module_resolver()
        .virtual(
            "@/env",
            f"export const mode = {{ name: 'sandbox', url: '{url}' }};",
            filename="env.ts",
            resolve_dir="/app",
        )
        .virtual("/app/main.ts", PROGRAM, filename="main.ts", resolve_dir="/app")
    )
    with tempfile.TemporaryDirectory() as folder:
        bindings = {
            "console": show,
            "fetch": create_fetch_binding(hosts=[f"127.0.0.1:{server.server_port}"], allow_loopback=True),
            "files": create_file_bindings(root=folder, allow_write=True),
            "modules": modules,
            "tools": {"greet": greet},
        }
        async with create_isolate_host() as host, host.create_runtime(bindings=bindings) as runtime:
            value = await runtime.eval('export { default } from "/app/main.ts"', filename="/app/entry.ts")
            print("the program gave:", value)
            print("it wrote:", Path(folder, "greeting.json").read_text())
            layers = [layer.name for layer in host.confinement.layers if layer.held]
            print(f"behind {len(layers)} layers:", ", ".join(layers))
    server.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
