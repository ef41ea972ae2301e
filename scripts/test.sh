#!/usr/bin/env bash
# scripts/test.sh [--fast] [ARGUMENT…]
#
# Builds the programs and runs every test against them, with a Redis and a Postgres of its own.
# Uses cargo-nextest where it is installed, else cargo test; arguments are passed on to it.
#
#   --fast   only the tests that start no program: all unit tests and those of `common`
#
# A set REDIS_URL or DATABASE_URL is used as it is; the tests make databases of their own in it.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

main() {
  local fast=0
  case ${1:-} in
    --help | -h) help ;;
    --fast) fast=1 && shift ;;
  esac

  open_run test
  forget_settings
  need
  start_stores quick
  if ((fast)); then
    say "Tests that start no program"
    run_tests --workspace --lib "$@"
    run_tests --package common --test '*' "$@"
  else
    build_programs
    say "Tests"
    run_tests --workspace "$@"
    (($#)) || attend cargo test --workspace --locked --doc
  fi
}

# What the caller's shell has set for a run of its own must not change what is tested. `.env.example`
# has every variable of the programs.
forget_settings() {
  local name
  while read -r name; do
    case $name in
      DATABASE_URL | REDIS_URL | LOG) ;;
      *) unset "$name" ;;
    esac
  done < <(sed -nE 's/^#?([A-Z_]+)=.*/\1/p' .env.example)
}

# One build for the whole workspace: a build of some packages would choose other features of what
# they stand on, and compile that twice.
build_programs() {
  local target=${CARGO_TARGET_DIR:-$ROOT/target}/debug
  say "Building the programs"
  attend cargo build --workspace --locked --bins
  export API_BIN=$target/api WORKER_BIN=$target/worker VENDOR_STUB_BIN=$target/vendor-stub
}

run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    attend cargo nextest run --locked "$@"
  else
    attend cargo test --locked "$@"
  fi
}

main "$@"
