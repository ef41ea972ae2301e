#!/usr/bin/env bash
# scripts/bench.sh [parse|hits|misses] [ARGUMENT…]
#
# Measures, in release builds; without a name everything. Arguments are passed on to the benchmark.
#
#   parse    each parser over its largest document: time, and bytes a second
#   hits     what an answer from the cache costs, beside the least that any server could take
#   misses   what a miss costs: the programs over a Redis and a Postgres of their own
#
# Numbers that are worth keeping go to docs/operations.md, with machine, date and command.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

main() {
  case ${1:-all} in
    --help | -h) help ;;
    parse) shift && parse "$@" ;;
    hits | misses) running "$@" ;;
    all) parse && running hits && running misses ;;
    *) fail "no such benchmark: $1; see scripts/bench.sh --help" ;;
  esac
}

parse() { cargo bench --locked --package common --bench parse -- "$@"; }

# running NAME [ARGUMENT…]: a benchmark of the running programs.
running() {
  local target=${CARGO_TARGET_DIR:-$ROOT/target}/release name=$1
  shift
  open_run bench
  need wrk
  start_stores durable
  say "Building the programs"
  attend cargo build --release --workspace --locked --bins
  export API_BIN=$target/api WORKER_BIN=$target/worker VENDOR_STUB_BIN=$target/vendor-stub
  attend cargo bench --locked --package tests --bench "$name" -- "$@"
}

main "$@"
