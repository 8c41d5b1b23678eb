"""Paths, profiles, options and CDP: a program reaches for files and parts of the host through the browser."""

# ruff: noqa: ASYNC240
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from isolatejs import ScriptRuntime

SECRET = "host secret"

READS = {
    "upload": "await page.setContent('<input type=file>'); await page.setInputFiles('input', hostFile);"
    " await page.$eval('input', (i) => i.files[0].text())",
    "upload by locator": "await page.setContent('<input type=file>'); await page.locator('input').setInputFiles([hostFile]);"
    " await page.$eval('input', (i) => i.files[0].text())",
    "upload above the root": "await page.setContent('<input type=file>'); await page.setInputFiles('input', '../host-secret.txt');"
    " await page.$eval('input', (i) => i.files[0].text())",
    "upload by an object with a path": "await page.setContent('<input type=file>');"
    " await page.setInputFiles('input', { path: hostFile, name: 'x', mimeType: 'y' }); await page.$eval('input', (i) => i.files[0].text())",
    "dropped file": "await page.setContent('<div id=d ondragover=event.preventDefault()>x</div>');"
    " await page.evaluate(() => d.addEventListener('drop', (e) => e.dataTransfer.files[0].text().then((t) => { d.title = t })));"
    " await page.locator('#d').drop({ files: hostFile }); await page.waitForTimeout(50); await page.$eval('#d', (d) => d.title)",
    "init script": "await page.addInitScript({ path: hostFile }); await page.reload(); await page.content()",
    "init script of the context": "await context.addInitScript({ path: '../host-secret.txt' })",
    "init script, extra option": "await page.addInitScript('0', { path: hostFile }); await page.addInitScript('1', undefined, { path: hostFile })",
    "script tag": "await page.addScriptTag({ path: hostFile, type: 'text/plain' }); await page.content()",
    "style tag": "await page.addStyleTag({ path: hostFile }); await page.content()",
    "style of a screenshot": "await page.screenshot({ stylePath: hostFile })",
    "styles of a screenshot": "await page.locator('html').screenshot({ stylePath: [hostFile] })",
    "fulfilled route": "await page.route('**/x', (route) => route.fulfill({ path: hostFile }).catch((e) => route.fulfill({ body: e.message })));"
    " await page.evaluate(() => fetch('/x').then((r) => r.text()))",
    "fulfilled route, other spelling": "await page.route('**/x', (route) => route.fulfill({ Path: hostFile }).catch((e) => route.fulfill({ body: e.message })));"
    " await page.evaluate(() => fetch('/x').then((r) => r.text()))",
    "storage state": "await browser.newContext({ storageState: hostFile })",
    "storage state, other spelling": "await browser.newContext({ storage_state: hostFile })",
    "archive": "await page.routeFromHAR(hostFile)",
    "multipart": "(await page.request.post(allowed + '/echo', { multipart: { file: { path: hostFile, name: hostFile, mimeType: 'a/b' } } })).text()",
    "file chooser": "await page.setContent('<input type=file>'); const p = page.waitForEvent('filechooser');"
    " await page.click('input'); await (await p).setFiles(hostFile); await page.$eval('input', (i) => i.files[0].text())",
    "CDP file input": "await page.setContent('<input type=file>'); const s = await context.newCDPSession(page);"
    " const { root } = await s.send('DOM.getDocument'); const { nodeId } = await s.send('DOM.querySelector', { nodeId: root.nodeId, selector: 'input' });"
    " await s.send('DOM.setFileInputFiles', { nodeId, files: [hostFile] }); await page.$eval('input', (i) => i.files[0].text())",
    "CDP drag": "await (await context.newCDPSession(page)).send('Input.dispatchDragEvent',"
    " { type: 'drop', x: 1, y: 1, data: { items: [], files: [hostFile], dragOperationsMask: 1 } })",
    "iframe of a file": "await page.setContent(`<iframe src='file://${hostFile}'></iframe>`); await page.waitForTimeout(100);"
    " await page.evaluate(() => document.querySelector('iframe').contentDocument?.body?.innerText)",
    "base URL of files": "const c = await browser.newContext({ baseURL: 'file:///' }); const p = await c.newPage();"
    " await p.goto('.' + hostFile); await p.content()",
}


@pytest.mark.parametrize("code", READS.values(), ids=READS.keys())
async def test_no_file_of_the_host_is_read(program: ScriptRuntime, code: str) -> None:
    answer = await program.eval(f"await attempt(async () => {{ {_returning(code)} }})")
    assert SECRET not in str(answer)


def _returning(code: str) -> str:
    head, _, last = code.rpartition("; ")
    return f"{head}; return {last};"


WRITES = {
    "screenshot": "await page.screenshot({ path: target })",
    "element screenshot": "await page.locator('html').screenshot({ path: target })",
    "pdf": "await page.pdf({ path: target })",
    "storage state": "await context.storageState({ path: target })",
    "storage state of requests": "await context.request.storageState({ path: target })",
    "download": "await page.goto(allowed + '/'); const p = page.waitForEvent('download');"
    " await page.evaluate(() => { const a = document.createElement('a'); a.href = '/file.txt'; a.click() });"
    " await (await p).saveAs(target)",
    "video": "await browser.newContext({ recordVideo: { dir: target } })",
    "video, other spelling": "await browser.newContext({ record_video_dir: target })",
    "archive": "await browser.newContext({ recordHar: { path: target } })",
    "archive, other spelling": "await browser.newContext({ recordHarPath: target })",
    "trace": "await context.tracing.start()",
    "CDP downloads": "await (await context.newCDPSession(page)).send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: target })",
}


@pytest.mark.parametrize("target", ["absolute", "/../escaped", "../../escaped"])
@pytest.mark.parametrize("code", WRITES.values(), ids=WRITES.keys())
async def test_no_file_of_the_host_is_written(
    program: ScriptRuntime, tmp_path: Path, code: str, target: str
) -> None:
    path = str(tmp_path / "written") if target == "absolute" else target
    before = {entry.name for entry in tmp_path.iterdir()}
    answer = await program.eval(f"const target = {path!r}; await attempt(async () => {{ {code} }})")
    assert {entry.name for entry in tmp_path.iterdir()} == before
    assert not Path("/escaped").exists()
    assert str(Path.home()) not in str(answer)


PROFILE_IDS = [
    "..",
    "../x",
    "a/../../x",
    "/etc",
    "a//b",
    ".",
    "a/./b",
    "a\\\\b",
    "a\\u0000b",
    "%2e%2e",
    "",
    "a" * 300,
    "ä",
]


@pytest.mark.parametrize("profile", PROFILE_IDS)
async def test_a_profile_id_names_nothing_else(program: ScriptRuntime, tmp_path: Path, profile: str) -> None:
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    answer = await program.eval(
        f"""[await attempt(() => browser.newContext({{ profile: "{profile}" }})),
             await attempt(() => browser.newContext({{ profile: {{ id: "{profile}" }} }}))]"""
    )
    assert [name for name, _ in answer] == ["Error", "Error"]
    assert "is not valid" in answer[0][1]
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


CDP = [
    "Browser.getVersion", "Browser.close", "Browser.setDownloadBehavior", "Browser.grantPermissions",
    "Target.getTargets", "Target.createTarget", "Target.attachToTarget", "Target.exposeDevToolsProtocol",
    "Target.createBrowserContext", "IO.read", "Storage.getCookies", "SystemInfo.getProcessInfo", "Fetch.disable",
    "Network.loadNetworkResource", "Page.getResourceContent", "Page.setDownloadBehavior", "Tracing.start",
    "Memory.getDOMCounters", "FileSystem.getDirectory", "Extensions.loadUnpacked", "Tethering.bind",
    "ServiceWorker.enable", "Emulation.addScreen", "Emulation.updateScreen", "Emulation.setPrimaryScreen",
    "Emulation.removeScreen", "Page.startScreenRecording", "Page.addScriptToEvaluateOnLoad", "Memory.getAllTimeSamplingProfile",
    "DOMDebugger.getEventListeners", "", "Page", "browser.getVersion", "Runtime.evaluate\\u0000", "__proto__.x",
]  # fmt: skip


@pytest.mark.parametrize("method", CDP)
async def test_cdp_beyond_the_page_is_refused(program: ScriptRuntime, method: str) -> None:
    answer = await program.eval(
        f"""await attempt(async () => (await context.newCDPSession(page)).send("{method}", {{}}))"""
    )
    assert answer[0] == "Error"
    assert "refused" in answer[1] or "wasn't found" in answer[1], answer


WORLDS = {
    "evaluate": "await cdp.send('Runtime.evaluate', { expression: rtc, contextId })",
    "evaluate by the unique id": "await cdp.send('Runtime.evaluate', { expression: rtc, uniqueContextId })",
    "callFunctionOn": "await cdp.send('Runtime.callFunctionOn', { functionDeclaration: `() => ${rtc}`, executionContextId: contextId })",
    "compileScript": "await cdp.send('Runtime.compileScript', { expression: rtc, persistScript: true, sourceURL: '', executionContextId: contextId })",
    "resolveNode": "const { root } = await cdp.send('DOM.getDocument'); const { object } = await cdp.send('DOM.resolveNode',"
    " { nodeId: root.nodeId, executionContextId: contextId }); await cdp.send('Runtime.callFunctionOn',"
    " { objectId: object.objectId, functionDeclaration: `function () { return ${rtc} }` })",
}


@pytest.mark.parametrize("code", WORLDS.values(), ids=WORLDS.keys())
async def test_cdp_does_not_reach_other_worlds_of_the_page(program: ScriptRuntime, code: str) -> None:
    """Playwright's own has WebRTC, which the session takes from pages."""
    answer = await program.eval(f"""
      const cdp = await context.newCDPSession(page);
      const worlds = [];
      cdp.on('Runtime.executionContextCreated', (event) => worlds.push(event.context));
      await page.getByText('x').count();
      await cdp.send('Runtime.enable');
      const {{ id: contextId, uniqueId: uniqueContextId }} = worlds.find((one) => !one.auxData.isDefault);
      const main = worlds.find((one) => one.auxData.isDefault);
      const rtc = 'typeof RTCPeerConnection';
      [await attempt(async () => {{ {_returning(code)} }}),
       (await cdp.send('Runtime.evaluate', {{ expression: rtc, contextId: main.id }})).result.value];
    """)
    assert answer[0][0] == "Error"
    assert "worlds of the page" in answer[0][1]
    assert answer[1] == "undefined"


async def test_code_for_the_page_never_runs_on_the_host(program: ScriptRuntime, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    payload = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    answer = await program.eval(f"""
      const payload = {payload!r};
      [await attempt(() => page.evaluate(payload, 1)), await attempt(() => page.evaluateHandle(payload)),
       await attempt(() => page.waitForFunction(payload, 1, {{ timeout: 50 }})), await attempt(() => page.addInitScript(payload)),
       await attempt(() => page.$eval('html', payload, 1)), await attempt(() => page.locator('html').evaluateAll(payload)),
       await attempt(() => page.evaluate('typeof process + typeof require')),
       await attempt(() => page.waitForRequest(payload, {{ timeout: 20 }}))];
    """)
    assert not marker.exists()
    assert answer[6] == ["did it", "undefinedundefined"]


REFUSED_OPTIONS = [
    "{ recordVideo: { dir: '/tmp' } }", "{ recordHar: { path: '/tmp/x' } }", "{ clientCertificates: [] }",
    "{ tracesDir: '/tmp' }", "{ executablePath: '/bin/sh' }", "{ args: ['--no-sandbox'] }", "{ userDataDir: '/tmp' }",
    "{ proxy: { server: 'http://x' } }", "{ record_har_path: '/tmp/x' }", "{ __proto__: null, downloadsPath: '/tmp' }",
    "{ env: {} }", "{ no_viewport: true }", "{ logger: {} }",
]  # fmt: skip


@pytest.mark.parametrize("options", REFUSED_OPTIONS)
async def test_options_that_name_parts_of_the_host_are_refused(program: ScriptRuntime, options: str) -> None:
    answer: list[Any] = await program.eval(f"await attempt(() => browser.newContext({options}))")
    assert answer[0] in ("Error", "TypeError")
    assert answer[1].startswith("newContext: ")


async def test_errors_name_no_path_of_the_host(program: ScriptRuntime, tmp_path: Path) -> None:
    answers = await program.eval("""
      [await attempt(() => page.screenshot({ path: '/missing/../../x.png' })),
       await attempt(() => page.setInputFiles('html', '/nobody')), await attempt(() => page.goto('http://127.0.0.1:1/')),
       await attempt(() => page.evaluate(() => { throw new Error('x') })), await attempt(() => page.pdf({ format: 'none' })),
       await attempt(() => browser.newContext({ storageState: '/nobody.json' })), await attempt(() => page.locator('!!').click()),
       await attempt(() => page.frame()), await attempt(() => page.exposeFunction('f')), await attempt(() => page.route())];
    """)
    text = str(answers)
    assert str(tmp_path) not in text
    assert "site-packages" not in text
    assert ".py" not in text
