"""Acts at the worker's ops side in a headless Chromium, as an operator does: fills in a form, is asked,
goes back or says yes, and finds it on record. And tries what a page elsewhere would like to do.

    actions.py BROWSER API OPS STUB_CONTROL FOLDER

OPS_USER, OPS_PASSWORD, REDIS_URL and REDIS_KEY_PREFIX are those of the worker. The pages run no script:
it is switched off. Leaves pictures of what was asked and what came of it in the folder.
"""

import contextlib
import http.server
import json
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

from browser import WIDTHS, chromium
from system import WORDS, ask, call, login, redis, told, until

# Days that nobody else asks for, nor for a week that holds them: what was read a moment ago is not
# read anew.
DAY = (date.today() + timedelta(days=11)).isoformat()
OTHER_DAY = (date.today() + timedelta(days=12)).isoformat()
KEY = f"menu:hoch:{DAY}:lunch"
MENU = f"lunch at hoch on {DAY}"
ACTIONS, PAUSE = "/ops/actions", "form[action='/ops/actions/pause-vendor']"


class Operator:
    """Who sits in front of the browser."""

    def __init__(self, tab, ops, folder):
        self.tab, self.ops, self.folder = tab, ops, folder

    def opens(self, path, kind="wide"):
        self.tab.open(f"{self.ops}{path}", WIDTHS[kind], "document.querySelector('main h1')")
        self.is_well(path, kind)

    def is_well(self, name, kind="wide"):
        self.tab.fits(name, WIDTHS[kind])
        self.tab.is_clean(name, self.ops)

    def keeps(self, name, kind="wide"):
        self.tab.picture(self.folder / f"act-{name}-{kind}.png")

    def sees(self, *texts):
        for text in texts:
            self.tab.until(f"{WORDS}.includes({json.dumps(text)})", f"{text!r} on the page")

    def sends(self, form, question, **fields):
        """Fills in a form, and is asked."""
        for name, value in fields.items():
            self.tab.choose(f"{form} [name={name}]", value)
        asked = f"document.querySelector('main h1')?.innerText === {json.dumps(question)}"
        self.tab.click(f"{form} button[type=submit]", asked)
        self.is_well(question)

    def goes_back(self):
        self.tab.click("main .buttons a.button", at(ACTIONS))

    def says_yes(self, outcome):
        self.tab.click("main .buttons button[type=submit]", "location.pathname.startsWith('/ops/audit/')")
        self.sees("Done", outcome)
        self.is_well(outcome)

    def finds_on_record(self, *texts):
        """In the first row of the audit."""
        self.opens("/ops/audit")
        row = self.tab.until("document.querySelector('main tbody tr')?.innerText", "a row")
        for text in (login()[0], "done", *texts):
            if text not in row:
                sys.exit(f"{text!r} is not in the record {row!r}")

    def vendor(self, name):
        """What the page says of a vendor."""
        self.opens(ACTIONS)
        rows = "[...document.querySelectorAll('main tbody tr')].map((row) => row.innerText)"
        return next(row for row in self.tab.value(rows) if row.startswith(name))


def at(path):
    return f"location.pathname === {json.dumps(path)} && document.querySelector('main h1')"


def records(ops):
    return [row["action"] for row in told(f"{ops}/ops/api/audit", as_operator=True)]


def is_cached():
    return redis("EXISTS", KEY) == ["1"]


def back_does_nothing(operator, ops):
    form, fields = "form[action='/ops/actions/refetch']", {"hall": "hoch", "date": DAY, "meal": "lunch"}
    operator.opens(ACTIONS)
    operator.keeps("forms")
    operator.sends(form, f"Read {MENU} anew?", **fields)
    operator.keeps("question")
    operator.goes_back()
    operator.sends(form, f"Read {MENU} anew?", **fields)
    operator.tab.value("history.back()")
    operator.tab.until(at(ACTIONS), "back at the forms")
    if records(ops) or is_cached() or redis("HLEN", "fetch:data") != ["0"]:
        sys.exit(f"a question alone did something: {records(ops)}")


def reads_anew_and_forgets(operator, ops):
    fields = {"hall": "hoch", "date": DAY, "meal": "lunch"}
    operator.opens(ACTIONS)
    operator.sends("form[action='/ops/actions/refetch']", f"Read {MENU} anew?", **fields)
    operator.says_yes(f"A job was pushed that reads {MENU} anew")
    operator.keeps("outcome")
    until(is_cached, "the menu that was asked for is cached")
    operator.finds_on_record("refetch", "hall hoch", f"date {DAY}", "meal lunch")
    operator.opens(ACTIONS)
    operator.sends("form[action='/ops/actions/drop-entry']", f"Forget the cached {MENU}?", **fields)
    operator.says_yes(f"Forgotten: {MENU}")
    if is_cached():
        sys.exit(f"{KEY} is still cached")
    operator.finds_on_record("drop-entry", f"date {DAY}")
    if records(ops) != ["drop-entry", "refetch"]:
        sys.exit(f"on record is {records(ops)}")


def pauses_and_resumes(operator, api):
    if "asked" not in operator.vendor("Sodexo"):
        sys.exit("Sodexo is paused from the start")
    operator.sends(PAUSE, "Ask Sodexo for nothing for 15 min?", vendor="sodexo", minutes="15")
    operator.says_yes("Sodexo is not asked for 15 min")
    operator.finds_on_record("pause-vendor", "vendor sodexo", "minutes 15")
    if "paused" not in operator.vendor("Sodexo"):
        sys.exit("the page does not say that Sodexo is paused")
    operator.keeps("paused")
    if (status := ask(api, "hoch", OTHER_DAY, "lunch")) != 503:
        sys.exit(f"with its vendor paused a menu is answered {status}")
    operator.opens(ACTIONS, "phone")
    operator.keeps("paused", "phone")
    operator.opens(ACTIONS)
    operator.sends("form[action='/ops/actions/resume-vendor']", "Ask Sodexo again?")
    operator.says_yes("Sodexo is asked again")
    operator.finds_on_record("resume-vendor", "vendor sodexo")
    operator.keeps("audit")
    if "asked" not in operator.vendor("Sodexo"):
        sys.exit("the page does not say that Sodexo is asked again")
    operator.opens("/ops/audit", "phone")
    operator.keeps("audit", "phone")


@contextlib.contextmanager
def elsewhere(ops):
    """A page of another site, which would like to pause a vendor in the operator's name."""
    fields = {"vendor": "pomona", "minutes": "60", "confirm": "yes"}
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    page = (f'<!doctype html><link rel="icon" href="data:,"><main><h1>Win a lunch</h1>'
            f'<form method="post" action="{ops}/ops/actions/pause-vendor">{inputs}'
            f'<button type="submit">Yes!</button></form></main>').encode()

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def is_refused_elsewhere(tab, ops):
    """From another port of this machine, which is the same site, and from another name."""
    before, url = records(ops), f"{ops}/ops/actions/pause-vendor"
    with elsewhere(ops) as port:
        for name in ("127.0.0.1", "localhost"):
            tab.statuses.clear()
            tab.open(f"http://{name}:{port}/", WIDTHS["wide"], "document.querySelector('button')")
            tab.click("button", f"location.href === {json.dumps(url)} && {WORDS} !== ''")
            if tab.statuses.get(url) != 403:
                sys.exit(f"a form at {name}:{port} is answered {tab.statuses.get(url)}")
    paused = [row for row in told(f"{ops}/ops/api/vendors", as_operator=True) if row["paused_for_secs"]]
    if records(ops) != before or paused:
        sys.exit(f"a page elsewhere did something: {records(ops)[0]}, paused {paused}")


def main():
    browser, api, ops, stub, folder = *sys.argv[1:5], Path(sys.argv[5])
    if call(f"{stub}/heal", {}) != 200:
        sys.exit("the vendors cannot be made well")
    with chromium(browser, folder, login()) as tab:
        tab.scripts(False)
        operator = Operator(tab, ops, folder)
        back_does_nothing(operator, ops)
        reads_anew_and_forgets(operator, ops)
        pauses_and_resumes(operator, api)
        is_refused_elsewhere(tab, ops)
    print(f"actions of the ops side, without scripts: {len(records(ops))} done and on record, back does "
          f"nothing, forms of other sites are refused; pictures act-*.png in {folder}")


main()
