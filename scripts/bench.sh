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
#   build    how long what the tests need is built from nothing, and after a route was touched; not
#            among all
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

# What `make test` builds, with nothing built before; then what somebody waits for who has touched a route
# and tries it. In a shell of its own: this run ends here, and what it has built goes with it.
build() (
  local from_nothing touched
  open_run build
  export CARGO_TARGET_DIR=$RUN_DIR/target CARGO_TERM_QUIET=true
  say "From nothing"
  from_nothing=$(seconds build_programs --tests)
  touch api/src/routes/halls.rs
  say "After a route was touched"
  touched=$(seconds build_programs)
  mkdir -p "$BENCH_OUT"
  printf '{"taken": null, "goals": [%s, %s]}\n' \
    "$(goal "a build from nothing, for the tests" "$from_nothing" 360)" \
    "$(goal "a build after a route was touched" "$touched" 10)" >"$BENCH_OUT/build.json"
  say "From nothing $from_nothing s, after a route was touched $touched s"
)

# seconds COMMAND…: runs it in sight; prints how long that took, to a tenth.
seconds() {
  local begun=${EPOCHREALTIME/[.,]/} tenths
  "$@" >&2
  tenths=$(((${EPOCHREALTIME/[.,]/} - begun) / 100000))
  echo "$((tenths / 10)).$((tenths % 10))"
}

# goal WHAT GOT MOST: as `render` reads it.
goal() {
  local met=false
  ((10#${2/./} > $3 * 10)) || met=true
  printf '{"what": "%s", "wanted": "≤ %d s", "got": "%s s", "met": %s}' "$1" "$3" "$2" "$met"
}

main "$@"
