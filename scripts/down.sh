#!/usr/bin/env bash
# scripts/down.sh
#
# Ends everything that the scripts started in this checkout: what still runs is asked to end as by
# Ctrl-C, what a killed script left behind is ended and removed. Only processes that are certainly
# ours are touched: number and time of birth must be the noted ones.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  local run owner found=0
  case ${1:-} in --help | -h) help ;; esac
  for run in "$ROOT"/.run/*/; do
    [[ -d $run ]] || continue
    run=${run%/} found=1
    if owner=$(living "$run/owner.pid"); then
      say "Stopping ${run##*/}"
      kill -TERM "$owner"
      await_end "$run" || fail "${run##*/} does not end; its script is process $owner"
    else
      say "Clearing up after ${run##*/}"
      end_run "$run"
    fi
  done
  ((found)) || say "Nothing runs here"
}

# A script may take as long as its programs need to drain, and its stores after them.
await_end() {
  local deadline=$((SECONDS + 60))
  while [[ -d $1 ]]; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

main "$@"
