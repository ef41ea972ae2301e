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
  local fast=0 file pure=()
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
    # Of one build, as in build_programs.
    for file in common/tests/*.rs; do pure+=(--test "$(basename "$file" .rs)"); done
    run_tests --workspace --lib "${pure[@]}" "$@"
  else
    # Who asks for some tests does not want to wait for all of them.
    if (($#)); then build_programs; else build_programs --tests; fi
    say "Tests"
    run_tests --workspace "$@"
    (($#)) || attend cargo test --workspace --locked --doc
  fi
}

run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    # What .config/nextest.toml says for two cores, for as many as there are.
    export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$(($(nproc) * 2 + 1))}
    attend cargo nextest run --locked "$@"
  else
    attend cargo test --locked "$@"
  fi
}

main "$@"
