#!/usr/bin/env bash
# scripts/deny.sh
#
# What we stand on, by the rules of deny.toml: licences, banned crates and versions, where crates come
# from; no version that was withdrawn, none with a known weakness. The last needs the RustSec
# database, which is fetched from GitHub: where that cannot be reached the rest is checked, and the
# script says so, or fails where ADVISORIES=required.
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
    warn "$DATABASE cannot be reached: not checked for known weaknesses"
    withdrawn
  fi
}

# The registry's own index tells which versions were withdrawn. cargo-deny looks there only with a
# database at hand: here it is one of a weakness that nobody has, in the place of the real one.
withdrawn() {
  local databases=$RUN_DIR/advisories config=$RUN_DIR/deny.toml
  local database=$databases/advisory-db-3157b0e258782691
  mkdir -p "$database/crates/nobody"
  cat >"$database/crates/nobody/RUSTSEC-2000-0001.md" <<'ADVISORY'
```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "nobody"
date = "2000-01-01"
[versions]
patched = []
```

# None

None.
ADVISORY
  git -C "$database" init --quiet
  git -C "$database" add --all
  git -C "$database" -c user.name=none -c user.email=none@localhost commit --quiet --message none
  touch "$database/.git/FETCH_HEAD"
  sed "s#^\[advisories\]\$#&\ndb-path = \"$databases\"#" deny.toml >"$config"
  # What is known of versions here may be of last year.
  attend cargo update --dry-run --quiet
  say "Withdrawn versions"
  attend cargo deny --config "$config" --offline --locked check --hide-inclusion-graph advisories
}

main "$@"
