#!/usr/bin/env bash
# scripts/bench.sh [ARGUMENT…]
#
# Measures the parsers over their largest documents; arguments are passed on to the benchmark.
# Numbers that are worth keeping go to docs/operations.md, with machine, date and command.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in --help | -h) help ;; esac
cargo bench --locked --package common --bench parse -- "$@"
