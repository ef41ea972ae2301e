#!/usr/bin/env bash
# scripts/deny.sh
#
# What we stand on, by the rules of deny.toml: licences, banned crates and versions, where crates come
# from; and no crate that is withdrawn or has a known weakness. The last needs the RustSec database,
# which is fetched from GitHub: where that cannot be reached the rest is checked, and the script says
# so, or fails where ADVISORIES=required.
#
# cargo-deny is installed into target/ when missing.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DATABASE=https://github.com/RustSec/advisory-db

main() {
  case ${1:-} in --help | -h) help ;; esac
  open_run deny
  need_cargo_tool cargo-deny 0.20.2
  local manifest
  for manifest in Cargo.toml tests/fuzz/Cargo.toml; do
    say "Licences, bans, sources of $manifest"
    attend cargo deny --manifest-path "$manifest" --locked check --hide-inclusion-graph licenses bans sources
  done
  say "Advisories"
  if GIT_TERMINAL_PROMPT=0 timeout 30 git ls-remote --quiet "$DATABASE" HEAD >/dev/null 2>&1; then
    attend cargo deny --locked check --hide-inclusion-graph advisories
  elif [[ ${ADVISORIES:-} == required ]]; then
    fail "$DATABASE cannot be reached"
  else
    warn "$DATABASE cannot be reached: not checked for known weaknesses and withdrawn versions"
  fi
}

main "$@"
