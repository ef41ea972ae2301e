#!/usr/bin/env bash
# scripts/fuzz.sh [TARGET…]
#
# Throws at the code what strangers may send it, and learns from what that reaches (libFuzzer): the
# vendors' parsers, the pieces that they take out of pages, query strings, what a key in Redis holds.
# Without a name every target in turn. Ends at the first input that makes one crash, or last longer
# than five seconds, or take a gigabyte; keeps that input, and says how to run it again.
#
#   SECONDS_EACH   for one target; 60
#
# What was learnt stays in target/fuzz/corpus and is where the next run goes on. cargo-fuzz is
# installed into target/ when missing; a C++ compiler must be there. No nightly toolchain is needed:
# our own code has no unsafe line that a sanitizer could watch.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}/fuzz

main() {
  case ${1:-} in --help | -h) help ;; esac
  local targets=("$@") target
  ((${#targets[@]})) || mapfile -t targets < <(sed -n 's/^name = "\(.*\)"$/\1/p' tests/fuzz/Cargo.toml | tail -n +2)
  open_run fuzz
  need_cargo_tool cargo-fuzz 0.13.2
  host=$(rustc -vV | sed -n 's/^host: //p')
  say "Building the targets"
  CARGO_TARGET_DIR=$TARGET_DIR attend cargo fuzz build --fuzz-dir tests/fuzz --target "$host" --sanitizer none
  for target in "${targets[@]}"; do fuzz "$target"; done
}

fuzz() {
  local name=$1 log=$RUN_DIR/$1.log seconds=${SECONDS_EACH:-60}
  local program=$TARGET_DIR/$host/release/$name corpus=$TARGET_DIR/corpus/$name crashes=$TARGET_DIR/crashes/$name
  [[ -x $program ]] || fail "no such target: $name"
  mkdir -p "$corpus" "$crashes"
  say "$name, $seconds s"
  attend "$program" "$corpus" "tests/fuzz/seeds/$name" \
    -max_total_time="$seconds" -max_len=16384 -timeout=5 -rss_limit_mb=1024 -reload=0 -print_final_stats=1 \
    -dict="tests/fuzz/dictionaries/$name.dict" -artifact_prefix="$crashes/" \
    >"$log" 2>&1 || {
    grep -v $'^#[0-9]*\t' "$log" | tail -n 40 >&2
    local input
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    fail "$name crashed${input:+; again: $program $input}"
  }
  summary "$log"
}

# The last line of the log that tells of coverage, and how many inputs were tried.
summary() {
  local runs covered
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
  covered=$(sed -n 's/.*cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1 edges, \2 features, \3 inputs kept/p' "$1" | tail -n 1)
  printf '    %s inputs tried, %s, 0 crashes\n' "${runs:-?}" "${covered:-coverage unknown}"
}

main "$@"
