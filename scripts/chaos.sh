#!/usr/bin/env bash
# SEED=number SECONDS=number scripts/chaos.sh
#
# Breaks everything at random for five minutes, or as long as is said: Redis, Postgres, workers,
# vendors, and the lines between them, with visitors at the door. Says what it does, and in the end what
# came of it; fails where a law was broken. The same seed breaks the same things in the same order.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

main() {
  local seconds=300 seed=${SEED:-}
  case ${1:-} in --help | -h) help ;; esac
  # Bash counts in a variable of this name; what the caller said is in the environment of before.
  seconds=$(tr '\0' '\n' <"/proc/$$/environ" | sed -n 's/^SECONDS=//p')
  open_run chaos
  forget_settings
  need
  build_programs
  say "Breaking things for ${seconds:-300} s"
  attend env SEED="$seed" SECONDS="${seconds:-300}" "${API_BIN%/api}/chaos"
}

main "$@"
