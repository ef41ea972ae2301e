#!/usr/bin/env bash
# scripts/test-api.sh [--pages]
#
# Tests the running programs as those meet them who know nothing of the inside: by the api's own
# description, and in a browser. Starts the whole system on free ports, with stores of its own and
# vendor-stub, and then
#
#   - opens /docs in Chromium, makes a request from there, and reads a problem's page;
#   - starts the programs anew with a password for the ops side, logs in, and acts there as an operator
#     does: fills in forms, is asked, goes back or says yes, finds it on record; and as a page elsewhere
#     would like to;
#   - looks at both status pages, in light and dark, wide and on a phone, with and without scripts, while
#     all is well and while a vendor fails;
#   - makes jobs wait, run, end well and end badly, and looks at every page of the dashboard;
#   - holds /openapi.json against the OpenAPI 3.1 schema;
#   - lets Schemathesis ask every endpoint, rightly and wrongly, and check each answer against it.
#
# With --pages only what a browser sees. PAGES_DIR: a folder for pictures of all pages.
#
# Needs Python 3. Its tools go to a folder of their own in target/, in the versions that
# scripts/test-api/requirements.txt names. Chromium is installed with apt-get when missing; where that
# cannot be, the browser's part is left out, and the script says so.

# shellcheck source=scripts/run.sh
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

main() {
  local pages_only=0
  case ${1:-} in
    --help | -h) help ;;
    --pages) pages_only=1 ;;
    '') ;;
    *) fail "unknown option $1; see scripts/test-api.sh --help" ;;
  esac
  open_run test-api
  forget_settings
  need curl python3
  install_tools
  build_programs
  BIN_DIR=$(dirname "$API_BIN")
  start_stores quick
  # All of it comes from one address, and as fast as can be; and no job but those that are asked for.
  export RATE_LIMIT=off PREWARM_LEAD_MINS=0
  export API_ADDR=127.0.0.1:0 OPS_ADDR=127.0.0.1:0 STUB_ADDR=127.0.0.1:0
  start_programs
  # The browser first: it wants days that nobody has read.
  if find_browser; then
    say "The api's pages, in a browser"
    attend "$tools/python" scripts/test-api/pages.py "$browser" "$(url_of api)" "${PAGES_DIR:-$RUN_DIR}"
    say "The ops side, in a browser"
    try_ops
    curl -fsS -o "$RUN_DIR/healed" -X POST "$(url_of vendor-stub CONTROL)/heal"
    anew asked:
  fi
  ((pages_only)) || try_description "$(url_of api)"
}

try_description() {
  say "The description is OpenAPI 3.1"
  curl -fsS "$1/openapi.json" -o "$RUN_DIR/openapi.json"
  attend "$tools/openapi-spec-validator" --schema 3.1.0 "$RUN_DIR/openapi.json"
  say "The api does what it says"
  (cd scripts/test-api && ask_everything "$1")
}

# The folder is named by what it is made of, so that new versions never meet old ones.
install_tools() {
  local wanted=scripts/test-api/requirements.txt
  tools=${CARGO_TARGET_DIR:-$ROOT/target}/test-api-$(cksum <"$wanted" | cut -d' ' -f1)/bin
  # A folder that was moved does not work any more: its programs name the place where they were made.
  [[ ! -e $tools/done ]] || ! "$tools/st" --version >/dev/null 2>&1 || return 0
  say "Installing what tests the api"
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  attend python3 -m venv --clear "${tools%/bin}"
  attend "$tools/pip" install --quiet --disable-pip-version-check -r "$wanted"
  touch "$tools/done"
}

ask_everything() {
  local config=$RUN_DIR/schemathesis.toml
  sed "s/\"TODAY\"/\"$(today)\"/" schemathesis.toml >"$config"
  attend "$tools/st" --config-file "$config" run "$1/openapi.json"
}

# Sets `browser`.
find_browser() {
  browser=$(find_chromium) || (install_packages chromium) || true
  browser=${browser:-$(find_chromium)} || {
    warn "there is no Chromium and it cannot be installed: the pages are not tried in a browser"
    return 1
  }
}

# With a password; for the dashboard with one job at a time, which may take long.
try_ops() {
  need redis-cli
  export OPS_USER=ops OPS_PASSWORD
  OPS_PASSWORD=$(head -c 24 /dev/urandom | base64)
  anew acts: VENDOR_PROBE_SECS=0
  look_with actions.py
  look_with status.py
  anew ops: WORKER_CONCURRENCY=1 FETCH_TIMEOUT_MS=300000
  look_with ops.py
}

# anew PREFIX [NAME=VALUE…]: the programs, with names of their own in Redis.
anew() {
  end_all TERM 35 "$RUN_DIR"/{api,worker}.pid
  export REDIS_KEY_PREFIX=$1
  start worker OPS_ADDR 8081 "${vendors[@]}" "${@:2}"
  start api API_ADDR 8080 "${vendors[@]}" MISS_WAIT_MS=2000 "${@:2}"
}

look_with() {
  attend "$tools/python" "scripts/test-api/$1" "$browser" "$(url_of api)" "$(url_of worker)" \
    "$(url_of vendor-stub CONTROL)" "${PAGES_DIR:-$RUN_DIR}"
}

find_chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

main "$@"
