"""The running system as a script sees it: over HTTP, and by looking into Redis."""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from browser import DEADLINE

PREFIX = os.environ.get("REDIS_KEY_PREFIX", "")
# The frame of the dashboard asks for a check that browsers do not make of a file loaded ahead.
HARMLESS = ["The `integrity` attribute is currently ignored for preload destinations"]
WORDS = "(document.body?.innerText ?? '')"


def redis(command, key, *more):
    """What Redis itself says, as lines."""
    asked = ["redis-cli", "-u", os.environ["REDIS_URL"], command, f"{PREFIX}{key}", *map(str, more)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return said.split("\n")[:-1] if said != "\n" else []


def login():
    """Who may look at the ops side."""
    return os.environ["OPS_USER"], os.environ["OPS_PASSWORD"]


def told(url, *, as_operator=False):
    """An answer in JSON."""
    request = urllib.request.Request(url)
    if as_operator:
        secret = base64.b64encode(":".join(login()).encode()).decode()
        request.add_header("authorization", f"Basic {secret}")
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return json.load(answer)


def call(url, body=None):
    """The status of an answer."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=DEADLINE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def ask(api, hall, day, meal):
    return call(f"{api}/api/v2/menus?hall_id={hall}&date={day}&meal={meal}")


def until(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {DEADLINE} s: {what}")
        time.sleep(0.05)
