# shellcheck shell=bash
# What the scripts here share: words for people, and processes that do not outlive the script.
# One run of one script is one folder `.run/<what>-<random>`: its logs, and a file `<name>.pid` for
# each process. `scripts/down.sh` finds there what a killed script could not stop itself.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# As it was called, it may not be found from where we go.
SCRIPT=$(cd "$(dirname "$0")" && pwd)/${0##*/}
cd "$ROOT"

# A proxy is for the outside: what runs here is asked directly.
export no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost
export NO_PROXY=$no_proxy

say() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The comment at the top of the script is its help.
help() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$SCRIPT"
  exit 0
}

# --- one run, its processes, its end ---

# open_run WHAT: makes RUN_DIR, and sees to it that nothing of it is left when the script ends.
open_run() {
  mkdir -p .run
  RUN_DIR=$(mktemp -d "$ROOT/.run/$1-XXXXXX")
  note_pid owner $$
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap close_run EXIT
}

close_run() {
  trap '' HUP INT TERM
  set +e
  end_run "$RUN_DIR"
  # A signal between the start of a process and its note leaves one that only the shell knows.
  local pid
  for pid in $(jobs -p); do kill -KILL -- "-$pid" 2>/dev/null || true; done
}

# When a process was born, so that a number taken over by a stranger is not mistaken for ours.
# Empty for one that is gone or only waits to be reaped.
born() {
  local stat
  if [[ -d /proc/self ]]; then
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} == Z ]] || echo "${stat[19]}"
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -d ' ' || true
  fi
}

note_pid() { printf '%s %s\n' "$2" "$(born "$2")" >"$RUN_DIR/$1.pid"; }

# living FILE: prints the process that a pid file names, if it still is that one.
living() {
  local pid birth
  [[ -e $1 ]] && read -r pid birth <"$1" || return 1
  [[ -n $birth && $(born "$pid") == "$birth" ]] && echo "$pid"
}

alive() { living "$RUN_DIR/$1.pid" >/dev/null; }

# spawn NAME COMMAND…: starts it in the background, logging to NAME.log. Job control gives it a
# process group of its own: Ctrl-C reaches this script alone, which then stops things in order.
spawn() {
  local name=$1
  shift
  set -m
  "$@" </dev/null >"$RUN_DIR/$name.log" 2>&1 &
  set +m
  note_pid "$name" $!
}

# attend COMMAND…: runs it in sight, its exit code ours, and still ends it at once on a signal.
attend() {
  local code=0
  set -m
  "$@" </dev/null &
  set +m
  note_pid attended $!
  wait $! || code=$?
  rm -f "$RUN_DIR/attended.pid"
  return $code
}

# await NAME PATTERN SECONDS: until the log has such a line; fails when NAME died or time is up.
await() {
  local deadline=$((SECONDS + $3))
  until grep -qE "$2" "$RUN_DIR/$1.log" 2>/dev/null; do
    alive "$1" && ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# died NAME: ends the script with the end of that process's log.
died() {
  tail -n 30 "$RUN_DIR/$1.log" >&2 || true
  fail "$1 does not run; above is the end of its log"
}

# end_run FOLDER: programs first, so that they can drain, then the stores, then the files.
end_run() {
  local run=$1 data
  end_all TERM 35 "$run"/{attended,api,worker,vendor-stub}.pid
  end_all INT 10 "$run"/{redis,postgres}.pid
  # Only a folder that `start_postgres` made is ever removed outside of .run.
  data=$(readlink "$run/postgres" 2>/dev/null) || true
  [[ $data != /var/tmp/5c-menus-* ]] || rm -rf "$data"
  rm -rf "$run"
  rmdir "$ROOT/.run" 2>/dev/null || true
}

# end_all SIGNAL SECONDS FILE…: asks every group that the pid files name to end, then insists.
end_all() {
  local signal=$1 deadline=$((SECONDS + $2)) file pid
  local pids=()
  shift 2
  for file; do
    if pid=$(living "$file"); then
      kill -s "$signal" -- "-$pid" 2>/dev/null || true
      pids+=("$pid")
    fi
  done
  for pid in "${pids[@]}"; do
    while kill -0 -- "-$pid" 2>/dev/null; do
      ((SECONDS < deadline)) || kill -KILL -- "-$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
}

# find_compose: how docker compose is called, as a part of docker or by itself, into `compose`.
# shellcheck disable=SC2034
find_compose() {
  if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
  elif command -v docker-compose >/dev/null; then
    compose=(docker-compose)
  else
    return 1
  fi
}

# need_cargo_tool NAME VERSION: installs a tool that cargo calls, in exactly that version, into a
# folder of target/.
need_cargo_tool() {
  local folder=${CARGO_TARGET_DIR:-$ROOT/target}/tools/$1-$2
  export PATH=$folder/bin:$PATH
  [[ ! -x $folder/bin/$1 ]] || return 0
  say "Installing $1 $2"
  attend cargo install --quiet --locked --root "$folder" "$1@$2"
}
