#!/usr/bin/env bash
# scripts/lint.sh
#
# Everything that can be said of the code without running it: format, lints, documentation, scripts,
# tables, the compose file, the alarms, and that what must be there once is there once. Needs no database.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  case ${1:-} in --help | -h) help ;; esac

  say "Format"
  cargo fmt --all --check || fail "not formatted; make fmt does it"
  cargo fmt --manifest-path tests/fuzz/Cargo.toml --check || fail "tests/fuzz is not formatted; make fmt does it"
  say "Clippy"
  cargo clippy --workspace --all-targets --locked -- -D warnings
  say "Documentation"
  RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items
  said_once README.md CONTRIBUTING.md docs/{api,architecture,decisions,faults,logging,operations,queue,security}.md
  say "Scripts"
  if command -v shellcheck >/dev/null; then
    shellcheck -x scripts/*.sh .ci/run
  else
    warn "shellcheck is not installed; scripts are only parsed"
    local script
    for script in scripts/*.sh .ci/run; do bash -n "$script"; done
  fi
  say "docker-compose.yml"
  check_compose
  say "deploy/alerts.yml"
  if command -v promtool >/dev/null; then
    promtool check rules deploy/alerts.yml
    promtool test rules deploy/alerts.test.yml
  else
    warn "promtool is not installed (Debian: prometheus); deploy/alerts.yml is not checked"
  fi
  say "Cargo.lock"
  once_each redis rustls hyper
  say "Certificates"
  ! grep -rnE "danger_accept|dangerous\(\)|sslmode=disable" --include='*.rs' --include='*.yml' api common worker docker-compose.yml ||
    fail "certificates are checked everywhere"
}

check_compose() {
  ! grep '^ *tmpfs:' docker-compose.yml | grep -oE '"[^"]+"' | grep -vE '^"/tmp"$|[:,]uid=' ||
    fail "a tmpfs over a directory of an image belongs to root where it names no uid, and nobody here is root"
  diff <(sed '/^FROM debian/,$d' api/Dockerfile | tail -n +2) <(sed '/^FROM debian/,$d' worker/Dockerfile | tail -n +2) ||
    fail "the Dockerfiles differ before their last stage, so all is compiled twice"
  find_compose || {
    warn "docker compose is not installed; docker-compose.yml is not checked"
    return
  }
  POSTGRES_PASSWORD=x POSTGRES_APP_PASSWORD=x REDIS_PASSWORD=x OPS_PASSWORD=x "${compose[@]}" config >/dev/null
}

# What two changes at once leave behind in a page: a row of a table, or a heading, that is there twice.
said_once() {
  awk '
    !/^\|/ || FNR == 1 { split("", rows) }
    FNR == 1 { split("", headings) }
    /^\|/ { split($0, cell, "|"); twice = cell[2] ~ /[A-Za-z]/ && rows[cell[2]]++ }
    /^##* / { twice = headings[$0]++ }
    twice { print FILENAME ":" FNR ": is there already: " substr($0, 1, 80); bad = 1; twice = 0 }
    END { exit bad }
  ' "$@" || fail "one of each is too many"
}

# Two versions of one of these would be two connection pools, two TLS stores, two sets of types.
once_each() {
  local name
  for name; do
    [[ $(grep -cx "name = \"$name\"" Cargo.lock) == 1 ]] ||
      fail "Cargo.lock must have one version of $name; cargo tree --duplicates tells who wants which"
  done
}

main "$@"
