"""Opens the api's pages in a headless Chromium, as a visitor would, and makes requests from there.

    pages.py BROWSER API FOLDER

Fails on anything that a page logs as an error, on any breach of its content security policy, on any
request to elsewhere, and where a page is wider than its window. Leaves a picture of each page in the
folder. Speaks to the browser in the DevTools protocol.
"""

import base64
import itertools
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

DEADLINE = 30
WIDTHS = {"wide": 1280, "phone": 390}
# Runs before anything of the page; the policy of the page does not hold for it.
WATCH = """
  window.breaches = [];
  document.addEventListener("securitypolicyviolation", (breach) =>
    window.breaches.push(`${breach.violatedDirective}: ${breach.blockedURI} ${breach.sample}`));
"""


class Tab:
    def __init__(self, address):
        self.line = websocket.create_connection(address, timeout=DEADLINE, suppress_origin=True)
        self.numbers = itertools.count(1)
        self.asked, self.wrong = [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.line.recv())
            if message.get("id") == number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.note(message.get("method"), message.get("params", {}))

    def note(self, event, said):
        if event == "Network.requestWillBeSent":
            self.asked.append(said["request"]["url"])
        elif event == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.wrong.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
        elif event == "Runtime.exceptionThrown":
            self.wrong.append(said["exceptionDetails"]["text"])
        elif event == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.wrong.append(str([part.get("value") for part in said["args"]]))

    def value(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, script, what):
        """Waits until a script's value is true, and gives it if it is a text."""
        end = time.monotonic() + DEADLINE
        plain = f"((value) => typeof value === 'string' ? value : Boolean(value))({script})"
        while not (value := self.value(plain)):
            if time.monotonic() > end:
                sys.exit(f"not within {DEADLINE} s: {what}; errors: {self.wrong}")
            time.sleep(0.05)
        return value

    def open(self, url, width, ready):
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=phone)
        self.call("Page.navigate", url=url)
        self.until(f"location.href === {json.dumps(url)} && {ready}", f"{url} at {width} px")

    def fits(self, name, width):
        wide = self.value("document.documentElement.scrollWidth")
        if wide > width:
            sys.exit(f"{name} is {wide} px wide in a window of {width}")

    def picture(self, file):
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def is_clean(self, name, api):
        wrong = self.wrong + self.value("window.breaches")
        elsewhere = [url for url in self.asked if not url.startswith((f"{api}/", "data:"))]
        if wrong or elsewhere:
            sys.exit(f"{name}: errors {wrong}, requests to elsewhere {elsewhere}")
        if not any(url.startswith(api) for url in self.asked):
            sys.exit(f"{name}: no request was seen at all")
        self.asked.clear()


def try_out(tab, operation, path):
    """Opens an operation, executes it as it stands, and gives the status that the page shows."""
    block = f"document.querySelector('[id^=operations-][id$=-{operation}]')"
    # Swagger UI shows the button a moment before it has followed the operation's references.
    known = f"ui.specSelectors.specResolvedSubtree(['paths', '{path}', 'get'])"
    tab.value(f"{block}.querySelector('.opblock-summary-control').click()")
    tab.until(f"{known} && {block}.querySelector('.execute')", f"Execute of {operation}")
    tab.value(f"{block}.querySelector('.execute').click()")
    status = f"{block}.querySelector('.live-responses-table tbody .response-col_status')"
    return tab.until(f"({status} || {{}}).textContent", f"the answer of {operation}")


def visit(tab, api, folder):
    with urllib.request.urlopen(f"{api}/openapi.json") as answer:
        described = len(json.load(answer)["paths"])
    for name, width in WIDTHS.items():
        all_there = f"document.querySelectorAll('.opblock').length === {described}"
        tab.open(f"{api}/docs", width, all_there)
        tab.fits("/docs", width)
        tab.picture(folder / f"docs-{name}.png")
        for operation, path in (("alive", "/healthz"), ("halls", "/api/v2/halls")):
            status = try_out(tab, operation, path)
            if not status.startswith("200"):
                sys.exit(f"/docs: {operation} gave {status}")
        if not any(url.startswith(f"{api}/api/v2/halls") for url in tab.asked):
            sys.exit(f"/docs: Execute asked nothing: {tab.asked}")
        tab.fits("/docs with an answer", width)
        tab.picture(folder / f"docs-{name}-answer.png")
        tab.is_clean(f"/docs at {width} px", api)
        for page in ("/problems", "/problems/no-menu"):
            tab.open(f"{api}{page}", width, "document.querySelector('main h1')")
            tab.fits(page, width)
            tab.picture(folder / f"{page.strip('/').replace('/', '-')}-{name}.png")
            tab.is_clean(f"{page} at {width} px", api)
        print(f"/docs and /problems at {width} px: {described} operations, answers shown, no errors")


def main():
    browser, api, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    # The browser's helpers may still write into it when the browser has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
                 "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
                 # Its own sandbox needs rights that containers do not give; only our pages are opened.
                 "--no-sandbox", "about:blank"]
        log = folder / "chromium.log"
        with log.open("w") as sink:
            process = subprocess.Popen([browser, *flags], stdout=sink, stderr=sink)
        try:
            visit(Tab(address(Path(profile), process, log)), api, folder)
        finally:
            process.terminate()
            process.wait(DEADLINE)


def address(profile, process, log):
    """Of the tab that is open, once the browser has written where it listens."""
    end = time.monotonic() + DEADLINE
    file = profile / "DevToolsActivePort"
    while not (file.exists() and "\n" in file.read_text()):
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"the browser does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    port = file.read_text().split("\n")[0]
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        with local.open(f"http://127.0.0.1:{port}/json/list") as answer:
            tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
        if tabs:
            return tabs[0]["webSocketDebuggerUrl"]
        if time.monotonic() > end:
            sys.exit("the browser opens no tab")
        time.sleep(0.05)


main()
