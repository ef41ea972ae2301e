#!/usr/bin/env bash
# scripts/bench.sh [SUBJECT…]
#
# Measures, in release builds, and writes docs/performance.md's tables and plots; without a subject all
# of them, in some ten minutes after the build. With subjects, only those, and the page stays as it is
# until `render`.
#
#   parse    each parser over its largest document, beside serde_json over the JSON in it
#   hits     what an answer from the cache costs, beside the least that any server could take, nginx
#            and Varnish
#   misses   what a miss costs: one, a thousand on one key, many keys; beside nginx and Varnish
#   growth   how cost grows with connections, keys, api processes and workers
#   start    how soon the programs are there, what they weigh in memory and on disk
#   plans    how Postgres answers each query over a year of data
#   render   writes what was measured last into docs/performance.md
#   build    how long a build from nothing takes, and one after a touched route; not among all
#
#   ROUNDS         5; fewer make everything shorter, and the figures worse
#   SECONDS_EACH   of a round of hits, where it is not to be one or two
#
# A Redis and a Postgres of its own, with Postgres' usual safety; nginx, Varnish and wrk from Debian,
# installed when missing and never started as services. Nothing else should run on the machine.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

SUBJECTS=(parse hits misses growth start plans)

main() {
  case ${1:-} in --help | -h) help ;; esac
  local subjects=("$@") subject
  (($#)) || subjects=("${SUBJECTS[@]}" render)
  BENCH_OUT=${CARGO_TARGET_DIR:-$ROOT/target}/bench
  BENCH_COMMIT=$(git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
  export BENCH_OUT BENCH_COMMIT
  for subject in "${subjects[@]}"; do
    case $subject in
      parse | render | build) "$subject" ;;
      hits | misses | growth | start | plans) running "$subject" ;;
      *) fail "no such subject: $subject; see scripts/bench.sh --help" ;;
    esac
  done
}

parse() { cargo bench --locked --workspace --bench parse; }

render() { cargo bench --quiet --locked --workspace --bench bench -- render; }

# running SUBJECT: one of the running programs.
running() {
  prepare
  say "Measuring $1"
  attend cargo bench --quiet --locked --workspace --bench bench -- "$1"
}

# Once for all subjects: stores, programs, and what they are compared with.
prepare() {
  local target=${CARGO_TARGET_DIR:-$ROOT/target}/release missing=(wrk)
  [[ -z ${RUN_DIR:-} ]] || return 0
  open_run bench
  forget_settings
  # Where Debian keeps servers is not in everybody's PATH.
  PATH=$PATH:/usr/sbin
  command -v nginx >/dev/null || missing+=(nginx-light)
  command -v varnishd >/dev/null || missing+=(varnish)
  need "${missing[@]}"
  # A thousand clients and as many connections.
  ulimit -n "$(ulimit -Hn)"
  start_stores durable
  say "Building the programs"
  # Apart from the benchmarks, which want features of libraries that are for tests alone.
  attend cargo build --release --workspace --locked --bins
  export API_BIN=$target/api WORKER_BIN=$target/worker VENDOR_STUB_BIN=$target/vendor-stub
  attend cargo bench --locked --workspace --bench bench --no-run
}

# As the tests build it: everything, with nothing built before; then again after a route was touched.
build() {
  local folder begun
  folder=$(mktemp -d)
  begun=$SECONDS
  CARGO_TARGET_DIR=$folder cargo build --quiet --locked --workspace --all-targets
  say "from nothing: $((SECONDS - begun)) s"
  touch api/src/routes/halls.rs
  begun=$SECONDS
  CARGO_TARGET_DIR=$folder cargo build --quiet --locked --workspace --bins
  say "after touching a route: $((SECONDS - begun)) s"
  rm -rf "$folder"
}

main "$@"
