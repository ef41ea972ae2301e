"""A headless Chromium with one tab, spoken to in the DevTools protocol.

What a page logs as an error, breaches of its content security policy and the addresses that it asks are
noted, and `Tab.is_clean` ends the program for the first of them that should not be.
"""

import base64
import contextlib
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
    def __init__(self, address, login=None, harmless=()):
        """`login`: a user and a password, given where a page asks for them, as a person would.
        `harmless`: beginnings of what a page may log."""
        self.login, self.harmless = login, tuple(harmless)
        self.line = websocket.create_connection(address, timeout=DEADLINE, suppress_origin=True)
        self.numbers = itertools.count(1)
        self.asked, self.wrong, self.statuses = [], [], {}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        if login:
            self.call("Fetch.enable", handleAuthRequests=True)

    def send(self, method, **parameters):
        number = next(self.numbers)
        self.line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return number

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        while True:
            message = json.loads(self.line.recv())
            if message.get("id") == number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.note(message.get("method"), message.get("params", {}))

    def note(self, event, said):
        if event == "Fetch.requestPaused":
            self.send("Fetch.continueRequest", requestId=said["requestId"])
        elif event == "Fetch.authRequired":
            user, password = self.login
            self.send("Fetch.continueWithAuth", requestId=said["requestId"], authChallengeResponse={
                "response": "ProvideCredentials", "username": user, "password": password})
        elif event == "Network.requestWillBeSent":
            self.asked.append(said["request"]["url"])
        elif event == "Network.responseReceived":
            self.statuses[said["response"]["url"]] = said["response"]["status"]
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

    def click(self, selector, follows):
        """Clicks where a person would, which does nothing where something else covers it or it cannot
        be seen; then waits for what follows."""
        element = f"document.querySelector({json.dumps(selector)})"
        # Before its style sheet is there, everything is elsewhere.
        self.until(f"document.readyState === 'complete' && {element}", selector)
        self.value(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        middle = f"(({{left, top, width, height}}) => ({{x: left + width / 2, y: top + height / 2}}))" \
                 f"({element}.getBoundingClientRect())"
        self.until(f"(({{x, y}}) => {element}.contains(document.elementFromPoint(x, y)))({middle})",
                   f"{selector} in sight")
        box = self.value(middle)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **box)
        self.until(follows, f"what a click on {selector} leads to")

    def choose(self, selector, value):
        """Sets a field of a form, which must take that value."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.until(element, selector)
        taken = self.value(f"(field => (field.value = {json.dumps(value)}, field.value))({element})")
        if taken != value:
            sys.exit(f"{selector} does not take {value!r}")

    def scheme(self, name):
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def scripts(self, run):
        self.call("Emulation.setScriptExecutionDisabled", value=not run)

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

    def is_clean(self, name, home):
        logged = [line for line in self.wrong if not line.startswith(self.harmless)]
        wrong = logged + self.value("window.breaches")
        elsewhere = [url for url in self.asked if not url.startswith((f"{home}/", "data:"))]
        if wrong or elsewhere:
            sys.exit(f"{name}: errors {wrong}, requests to elsewhere {elsewhere}")
        if not any(url.startswith(home) for url in self.asked):
            sys.exit(f"{name}: no request was seen at all")
        self.asked.clear()
        self.wrong.clear()


@contextlib.contextmanager
def chromium(browser, folder, login=None, harmless=()):
    """The tab of a browser of its own, which ends with the block."""
    # The browser's helpers may still write into it when the browser has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
                 "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
                 "--disable-quic", "--disable-background-networking", "--disable-component-update",
                 "--disable-sync",
                 # Its own sandbox needs rights that containers do not give; only our pages are opened.
                 "--no-sandbox", "about:blank"]
        log = folder / "chromium.log"
        with log.open("w") as sink:
            process = subprocess.Popen([browser, *flags], stdout=sink, stderr=sink)
        try:
            yield Tab(address(Path(profile), process, log), login, harmless)
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
