"""A web page, driven and tested by a program that nobody has vetted.

Needs `pip install isolatejs[browser]` and a Chromium: Playwright's own, or the one that CHROMIUM names.
The page comes from a server on loopback, and the program's fetch policy allows that server alone.
"""

from __future__ import annotations

import asyncio
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.async_api import async_playwright

from isolatejs import create_fetch_binding, create_isolate_host

PAGE = b"""<title>Todo</title><input placeholder="What needs to be done?"
onkeydown="if (event.key === 'Enter') add(this.value)"><ul id=items></ul>
<script>
function add(text) {
  items.append(Object.assign(document.createElement("li"), { textContent: text }));
}
</script>"""

TESTS = """
let context, page;
beforeAll(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(START);
});
afterAll(() => context.close());

test("adds an item", async () => {
  await page.getByPlaceholder("What needs to be done?").fill("buy milk");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("listitem")).toHaveText(["buy milk"]);
});

test("cannot go elsewhere", async () => {
  await expect(page.goto("file:///etc/passwd")).rejects.toThrow("refused");
  await expect(page.goto("http://169.254.169.254/")).rejects.toThrow();
});
"""


class Site(BaseHTTPRequestHandler):
    """Answers every request with the page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Quiet."""


async def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"127.0.0.1:{server.server_port}"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright, create_isolate_host() as host:
        chromium = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=arguments
        )
        bindings = {
            "browser": {"create_context": lambda options: chromium.new_context(**options)},
            "fetch": create_fetch_binding([site], allow_loopback=True),
        }
        async with host.create_test_runtime(bindings=bindings) as runtime:
            result = await runtime.run(
                f'const START = "http://{site}/";\n{TESTS}', "/todo.test.ts", timeout_ms=30_000
            )
        for test in result.tests:
            print(test.status, test.full_name, test.error.message if test.error else "")
        await chromium.close()
    server.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
