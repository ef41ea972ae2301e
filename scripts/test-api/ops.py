"""Opens the worker's ops side in a headless Chromium, logged in as an operator, over a queue in which
jobs wait, run, are done and are dead.

    ops.py BROWSER API OPS STUB_CONTROL FOLDER

REDIS_URL, REDIS_KEY_PREFIX, OPS_USER and OPS_PASSWORD are those of the worker, which runs one job at a
time. Fails where a page shows another figure than Redis has, logs an error, breaches its content
security policy or asks anybody else. Leaves a picture of each page in the folder.

A further page is a further `Page` in `pages`.
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Callable

from browser import WIDTHS, chromium
from system import HARMLESS, WORDS, ask, call, login, redis, until

HALLS = ["hoch", "collins", "mcconnell"]
REFUSED = "menu:hoch:2026-01-01:lunch"


@dataclass
class Page:
    """One page: its name in the picture's file, its path, and what must be in its text."""

    name: str
    path: str
    shows: list = field(default_factory=list)
    # Further conditions: of the tab, when the texts are there.
    check: Callable = lambda tab: None
    # Whether it must fit into a phone's window. The dashboard's pages are made for a wide one.
    fits: bool = True


class Jobs:
    """Where Redis has its jobs."""

    def __init__(self):
        self.workers = redis("ZRANGE", "fetch:workers", 0, -1)
        held = [redis("SMEMBERS", f"fetch:inflight:{worker}") for worker in self.workers]
        self.running = sorted(job for jobs in held for job in jobs)
        self.pending = redis("LRANGE", "fetch:active", 0, -1) + redis("ZRANGE", "fetch:scheduled", 0, -1)
        self.dead = redis("ZREVRANGE", "fetch:dead", 0, -1)
        self.done = redis("ZREVRANGE", "fetch:done", 0, -1)

    def by_tab(self):
        return {"Pending": self.pending, "Queued": [], "Running": self.running, "Done": self.done,
                "Failed": self.dead, "Killed": []}


def fill(api, stub):
    """Jobs in every state, by way of the programs; gives what Redis then has."""
    # Days that nobody has asked for yet: what is saved and fresh is no work for a job.
    day = date.today() + timedelta(days=11)
    until(lambda: redis("ZCARD", "fetch:workers") == ["1"], "a worker is on the list")
    for hall in HALLS:
        ask(api, hall, day, "lunch")
    until(lambda: len(Jobs().done) == len(HALLS), "three jobs are done")
    # No vendor is asked for that day: the worker refuses it, and it is dead.
    job = {"key": REFUSED, "reason": "manual", "request_id": "by-hand"}
    redis("HSET", "fetch:data", REFUSED, json.dumps(job))
    redis("HSET", f"fetch:meta:{REFUSED}", "attempts", 0, "max_attempts", 3, "status", "Pending",
          "pushed_at", int(time.time()))
    redis("RPUSH", "fetch:active", REFUSED)
    redis("PUBLISH", "fetch:wake", REFUSED)
    until(lambda: len(Jobs().dead) == 1, "a job is dead")
    # From now on the vendors keep silent: one job runs, the others wait.
    if call(f"{stub}/fault", {"scope": "all", "mode": "hang"}) != 200:
        sys.exit("the stub does not take a fault")
    visitors = [threading.Thread(target=ask, args=(api, hall, day + timedelta(days=1), "dinner"))
                for hall in [*HALLS, "malott"]]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    jobs = Jobs()
    if not (jobs.running and jobs.pending and len(jobs.running + jobs.pending) == 4):
        sys.exit(f"jobs should run and wait: {vars(jobs)}")
    return jobs


def rows(expected):
    """The table has a link to each of these jobs, in that order, and no other."""
    def check(tab):
        links = "[...document.querySelectorAll('a[href*=\"/tasks/\"]')].map((link) => " \
                "decodeURIComponent(link.getAttribute('href').split('/tasks/')[1]))" \
                ".filter((id) => id.includes(':'))"
        wanted = json.dumps(expected)
        tab.until(f"JSON.stringify({links}) === JSON.stringify({wanted})", f"rows {wanted}")
    return check


def pages(jobs):
    """Every page, and what it has to show."""
    worker, tabs = jobs.workers[0], jobs.by_tab()
    total = sum(map(len, tabs.values()))
    figures = [("Running", jobs.running), ("Pending", jobs.pending), ("Failed", jobs.dead),
               ("Done", jobs.done)]
    yield Page("overview", "/", [f"{name} Jobs\n{len(found)}" for name, found in figures]
               + [f"Total Jobs\n{total}", "fetch"], fits=False)
    yield Page("queues", "/queues", ["fetch", "View"], fits=False)
    yield Page("queue", "/queues/fetch", [worker, "refresh_menu"], fits=False)
    for state, found in tabs.items():
        yield Page(f"queue-{state.lower()}", f"/queues/fetch/{state}", ["Task Id"], rows(found), False)
        yield Page(f"tasks-{state.lower()}", f"/tasks/{state}", ["Task Id"], rows(found), False)
    for name, job, shows in [
        ("done", jobs.done[0], ["Done", "Attempt: 1", '"reason": "miss"', '"outcome"', '"duration_ms"']),
        ("dead", jobs.dead[0], ["Failed", '"reason": "manual"', '"request_id": "by-hand"',
                                "no vendor is asked for that day or meal"]),
        ("running", jobs.running[0], ["Running", '"reason": "miss"', worker]),
        ("pending", jobs.pending[0], ["Pending", '"reason": "miss"']),
    ]:
        _, hall, day, meal = job.split("~")[0].split(":")
        of = [f'"hall": "{hall}"', f'"date": "{day}"', f'"meal": "{meal}"', job]
        yield Page(f"job-{name}", f"/queues/fetch/tasks/{job}", shows + of, fits=False)
    yield Page("workers", "/workers", [worker], fits=False)


def visit(tab, ops, folder, page):
    for kind, width in WIDTHS.items():
        name = f"{page.path} at {width} px"
        tab.open(f"{ops}{page.path}", width, f"{WORDS}.trim() !== ''")
        squeezed = f"{WORDS}.replace(/\\s*\\n\\s*/g, '\\n')"
        for text in page.shows:
            tab.until(f"{squeezed}.includes({json.dumps(text)})", f"{text!r} on {name}")
        page.check(tab)
        if page.fits:
            tab.fits(name, width)
        tab.picture(folder / f"ops-{page.name}-{kind}.png")
        tab.is_clean(name, ops)


def main():
    browser, api, ops, stub, folder = *sys.argv[1:5], Path(sys.argv[5])
    stranger = call(f"{ops}/api/v1/overview")
    if stranger != 401:
        sys.exit(f"a stranger is answered {stranger}")
    jobs = fill(api, stub)
    with chromium(browser, folder, login(), HARMLESS) as tab:
        count = 0
        for count, page in enumerate(pages(jobs), 1):
            visit(tab, ops, folder, page)
    if vars(Jobs()) != vars(jobs):
        sys.exit(f"the queue has moved meanwhile: {vars(jobs)} and then {vars(Jobs())}")
    print(f"the ops side at {' and '.join(map(str, WIDTHS.values()))} px: {count} pages, figures as in Redis, no errors")


main()
