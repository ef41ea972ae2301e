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
  if ((fast)); then need; else need faketime; fi
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

run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    attend cargo nextest run --locked "$@"
  else
    attend cargo test --locked "$@"
  fi
}

main "$@"
