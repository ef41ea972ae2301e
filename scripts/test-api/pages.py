"""Opens the api's pages in a headless Chromium, as a visitor would, and makes requests from there.

    pages.py BROWSER API FOLDER

Fails on anything that a page logs as an error, on any breach of its content security policy, on any
request to elsewhere, and where a page is wider than its window. Leaves a picture of each page in the
folder.
"""

import json
import sys
import urllib.request
from pathlib import Path

from browser import WIDTHS, chromium


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
    with chromium(browser, folder) as tab:
        visit(tab, api, folder)


main()
