"""Looks at both status pages in a headless Chromium: that of ops and that of everybody, in light and dark,
wide and on a phone, with and without scripts; while all is well, and while a vendor fails.

    status.py BROWSER API OPS STUB_CONTROL FOLDER

OPS_USER and OPS_PASSWORD are those of the worker. Fails where the sentence on top is not that of the page's
JSON, where a panel does not say how old it is, a text can hardly be read, a page is wider than its window,
logs an error or asks anybody else. Leaves pictures in the folder.
"""

import re
import sys
from datetime import date, timedelta
from pathlib import Path

from browser import WIDTHS, chromium
from system import ask, call, login, told, until

SCHEMES = ("light", "dark")
READY = "document.querySelector('main strong') && document.readyState === 'complete'"
# Every panel's heading, and whether it says when that was.
AGES = """[...document.querySelectorAll('main h2')].map((heading) =>
  [heading.innerText, /^as of \\d\\d:\\d\\d:\\d\\d$/.test(heading.querySelector('.age')?.innerText ?? '')])"""
# The least contrast of a text with what is behind it (WCAG 2), and that text.
CONTRAST = """(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opaque = (colour) => /^rgb\\(/.test(colour);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (opaque(colour)) return colour;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)';
  };
  let least = [99, ''];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
    const colour = getComputedStyle(element).color;
    if (!text || !element.checkVisibility() || !opaque(colour)) continue;
    const [a, b] = [light(colour), light(behind(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least[0]) least = [contrast, text];
  }
  return least;
})()"""
# Today's column is in sight without scrolling, and no text sticks out of its panel.
TODAY = """(({left, right}) => left > 0 && right <= Math.min(innerWidth,
  document.querySelector('.heat').closest('.scroll').getBoundingClientRect().right))
  (document.querySelector('.heat td').getBoundingClientRect())"""
STICKS_OUT = """[...document.querySelectorAll('main .card, main .facts, main .legend')]
  .filter((panel) => panel.scrollWidth > panel.clientWidth).map((panel) => panel.innerText)"""
GROUND = """getComputedStyle(document.body).backgroundColor"""


class Site:
    """A status page, its JSON, and how many panels it has."""

    def __init__(self, name, home, path, panels):
        self.name, self.home, self.path, self.panels = name, home, path, panels
        self.is_ops = name == "ops"

    def sentence(self):
        return told(f"{self.home}{self.path}.json", as_operator=self.is_ops)["sentence"]


def steady(sentence):
    """Without the seconds, which go on between two looks."""
    return re.sub(r"\d+ (s|min)\b", "N", sentence)


def agrees(tab, site, width):
    """Opens the page; the sentence on it is that of the JSON, before or after."""
    before = site.sentence()
    tab.open(f"{site.home}{site.path}", width, READY)
    shown = tab.value("document.querySelector('main strong').innerText")
    if steady(shown) not in {steady(before), steady(site.sentence())}:
        sys.exit(f"{site.path} says {shown!r} and its JSON {before!r}")
    return shown


def look(tab, site, folder, state):
    """Every way to look at it; gives the sentence."""
    grounds = {}
    for scheme in SCHEMES:
        tab.scheme(scheme)
        for kind, width in WIDTHS.items():
            for scripts in (True, False):
                tab.scripts(scripts)
                name = f"{site.path} ({state}) in {scheme} at {width} px, scripts {scripts}"
                shown = agrees(tab, site, width)
                ages = tab.value(AGES)
                if len(ages) != site.panels or not all(is_told for _, is_told in ages):
                    sys.exit(f"{name}: panels {ages}")
                contrast, text = tab.value(CONTRAST)
                if contrast < 4.5:
                    sys.exit(f"{name}: {text!r} has a contrast of {contrast:.2f}")
                if not tab.value(TODAY):
                    sys.exit(f"{name}: today is not in sight")
                if sticks_out := tab.value(STICKS_OUT):
                    sys.exit(f"{name}: sticks out: {sticks_out}")
                tab.fits(name, width)
                tab.is_clean(name, site.home)
            tab.picture(folder / f"status-{site.name}-{state}-{scheme}-{kind}.png")
        grounds[scheme] = tab.value(GROUND)
    if grounds["light"] == grounds["dark"]:
        sys.exit(f"{site.path} has one ground for both: {grounds}")
    return shown


def main():
    browser, api, ops, stub, folder = *sys.argv[1:5], Path(sys.argv[5])
    sites = [Site("ops", ops, "/ops/status", 6), Site("api", api, "/status", 2)]
    today = date.today()
    for hall in ("hoch", "collins", "frary"):
        ask(api, hall, today, "dinner")
    with chromium(browser, folder, login()) as tab:
        well = [look(tab, site, folder, "well") for site in sites]
        call(f"{stub}/fault", {"scope": "sodexo", "mode": "status", "value": 500})
        # A day that nobody has asked for yet: there is no copy of it.
        if ask(api, "hoch", today + timedelta(days=4), "lunch") != 503:
            sys.exit("a menu of a vendor that fails is not refused")
        # What everybody is told holds for ten seconds.
        until(lambda: all("Sodexo failing" in site.sentence() for site in sites), "Sodexo is said to fail")
        ill = [look(tab, site, folder, "ill") for site in sites]
        call(f"{stub}/heal", {})
    ways = f"{' and '.join(SCHEMES)}, {' and '.join(map(str, WIDTHS.values()))} px, with and without scripts"
    print(f"/ops/status and /status in {ways}: {well[0]!r}, then {ill[0]!r}; pictures status-*.png in {folder}")


main()
