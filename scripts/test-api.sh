#!/usr/bin/env bash
# scripts/test-api.sh
#
# Tests the running api by nothing but its own description. Starts the whole system on free ports, with
# stores of its own and vendor-stub, and then
#
#   - holds /openapi.json against the OpenAPI 3.1 schema;
#   - lets Schemathesis ask every endpoint, rightly and wrongly, and check each answer against it;
#   - opens /docs in Chromium, makes a request from there, and reads a problem's page.
#
# Needs Python 3. Its tools go to a folder of their own in target/, in the versions that
# scripts/test-api/requirements.txt names. Chromium is installed with apt-get when missing; where that
# cannot be, the browser's part is left out, and the script says so.

# shellcheck source=scripts/run.sh
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

main() {
  case ${1:-} in --help | -h) help ;; esac
  open_run test-api
  forget_settings
  need curl python3
  install_tools
  build_programs
  BIN_DIR=$(dirname "$API_BIN")
  start_stores quick
  # All of it comes from one address, and as fast as can be.
  export RATE_LIMIT=off
  export API_ADDR=127.0.0.1:0 OPS_ADDR=127.0.0.1:0 STUB_ADDR=127.0.0.1:0
  start_programs
  local api
  api=$(url_of api)

  say "The description is OpenAPI 3.1"
  curl -fsS "$api/openapi.json" -o "$RUN_DIR/openapi.json"
  attend "$tools/openapi-spec-validator" --schema 3.1.0 "$RUN_DIR/openapi.json"
  say "The api does what it says"
  (cd scripts/test-api && ask_everything "$api")
  say "The pages, in a browser"
  try_pages "$api"
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

try_pages() {
  local browser=''
  browser=$(find_chromium) || (install_packages chromium) || true
  browser=${browser:-$(find_chromium)} || {
    warn "there is no Chromium and it cannot be installed: /docs is not tried in a browser"
    return 0
  }
  attend "$tools/python" scripts/test-api/pages.py "$browser" "$1" "${PAGES_DIR:-$RUN_DIR}"
}

find_chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

main "$@"
