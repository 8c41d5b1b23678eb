"""WebRTC sends datagrams past every proxy, unless the browser is told not to."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import isolatejs
from fakes.chromium import LAUNCH_ARGS, Pages, bindings, chromium_path
from isolatejs import playwright as isolatejs_playwright

CALL = """async (port) => {
  const Connection = globalThis.RTCPeerConnection ?? frames[0]?.RTCPeerConnection;
  if (Connection === undefined) return 'absent';
  const call = new Connection({ iceServers: [
    { urls: `turn:127.0.0.1:${port}`, username: 'secret', credential: 'x' }, { urls: `stun:127.0.0.1:${port}` }] });
  call.createDataChannel('x');
  await call.setLocalDescription(await call.createOffer());
  await new Promise((resolve) => setTimeout(resolve, 700));
  return 'called';
}"""
FRAMES = f"""<script>
  const code = {json.dumps(f"<script>({CALL})(PORT)</script>").replace("</", "<" + chr(92) + "/")};
  for (let i = 0; i < 30; i++) {{
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = code;
    document.documentElement.append(frame);
  }}
</script>"""


async def test_web_rtc_of_frames_does_not_leave_with_the_launch_arguments(
    host: isolatejs.IsolateHost, playwright_chromium: Any, allowed: Pages
) -> None:
    """Sandboxed frames race the script that takes WebRTC from pages; the browser's own policy does not race."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trap:
        trap.bind(("127.0.0.1", 0))
        trap.setblocking(False)
        port = trap.getsockname()[1]
        allowed.add("/frames", FRAMES.replace("PORT", str(port)))
        browser = await playwright_chromium[0].chromium.launch(
            executable_path=chromium_path(), args=[*LAUNCH_ARGS, *isolatejs_playwright.LAUNCH_ARGS]
        )
        fetch = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True)
        try:
            async with host.create_runtime(
                bindings={"browser": bindings(browser), "fetch": fetch}
            ) as runtime:
                await runtime.eval(f"""
                  const page = await (await browser.newContext()).newPage();
                  await page.goto("{allowed.url("/frames")}");
                  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2000)));
                """)
            # The same call in a page that nobody guards: only the argument holds it.
            page = await browser.new_page()
            assert await page.evaluate(CALL, port) == "called"
        finally:
            await browser.close()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(0.2):
                received = await loop.sock_recv(trap, 2000)
        except TimeoutError:
            received = b""
    assert received == b""
