#!/usr/bin/env bash
# scripts/run.sh [--live] [--once]
#
# Runs the whole system on this machine: a Redis and a Postgres of its own, vendor-stub, worker and
# api. Asks for today's menus of every hall, shows one, and stays up until Ctrl-C, which leaves
# nothing behind but target/.
#
#   --live   asks the real vendors instead of vendor-stub; SODEXO_API_KEY is passed on
#   --once   ends after showing the menus, with a failure when there was none (also RUN_ONCE=1)
#
# A set REDIS_URL or DATABASE_URL is used as it is. API_ADDR, OPS_ADDR and STUB_ADDR say where to
# listen; by default that is 127.0.0.1:8080, 8081 and 8082, or any free port where these are taken.
# With BIN_DIR set, the programs are taken from there instead of being built.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

live=0
once=${RUN_ONCE:-0}
vendors=()

main() {
  local option
  for option; do
    case $option in
      --help | -h) help ;;
      --live) live=1 ;;
      --once) once=1 ;;
      *) fail "unknown option $option; see scripts/run.sh --help" ;;
    esac
  done

  open_run run
  need curl jq
  build
  start_stores durable
  start_programs
  ask_for_today
  ((once)) || {
    show_where
    stay_up
  }
}

build() {
  local stub=()
  ((live)) || stub=(--bin vendor-stub)
  if [[ -z ${BIN_DIR:-} ]]; then
    say "Building; the first time takes some minutes"
    attend cargo build --release --locked --bin api --bin worker "${stub[@]}" ||
      fail "the programs did not build; see above"
    BIN_DIR=${CARGO_TARGET_DIR:-$ROOT/target}/release
  fi
}

start_programs() {
  if ((live)); then
    say "Worker and api, asking the real vendors"
  else
    say "Vendor-stub, worker and api"
    start vendor-stub STUB_ADDR 8082 STUB_CONTROL_ADDR="${STUB_CONTROL_ADDR:-127.0.0.1:0}"
    local stub
    stub=$(url_of vendor-stub)
    vendors=(SODEXO_BASE_URL="$stub" BON_APPETIT_BASE_URL="$stub" POMONA_BASE_URL="$stub"
      SODEXO_API_KEY=stub-key)
  fi
  # The worker goes first: it brings the database to the schema that both need.
  start worker OPS_ADDR 8081 "${vendors[@]}"
  start api API_ADDR 8080 "${vendors[@]}"
}

# start NAME VARIABLE PORT [NAME=VALUE…]: where the caller said, else at the usual port, else at any.
start() {
  local name=$1 variable=$2 port=$3 address
  shift 3
  local addresses=("127.0.0.1:$port" 127.0.0.1:0)
  [[ -z ${!variable:-} ]] || addresses=("${!variable}")
  for address in "${addresses[@]}"; do
    spawn "$name" env "$variable=$address" "$@" "$BIN_DIR/$name"
    ! await "$name" '^LISTENING http://' 60 || return 0
    ! alive "$name" || break
  done
  died "$name"
}

# url_of NAME [WORD]: the address that the program printed.
url_of() { sed -n "s/^${2:-LISTENING} //p" "$RUN_DIR/$1.log" | head -n 1; }

# --- today's menus ---

# The Pacific date, spelt so that it needs no time zone files on this machine.
today() { TZ=PST8PDT,M3.2.0,M11.1.0 date +%F; }

ask_for_today() {
  local api date hall vendor halls number=0 menus=0 shown='' fewest=0
  local -A away=()
  api=$(url_of api)
  date=$(today)
  halls=$(curl -fsS --max-time 60 --retry 10 --retry-delay 1 "$api/api/v2/halls" |
    jq -r '.[] | "\(.id) \(.vendor_type)"') || died api

  say "Today's menus ($date)"
  while read -r hall vendor; do
    number=$((number + 1))
    printf '[%d/%d] %-10s' "$number" "$(wc -l <<<"$halls")" "$hall"
    ask_hall "$api" "$hall" "$date"
  done <<<"$halls"
  if ((live)); then tell_away; fi

  if ((menus)); then
    show_menu "$shown"
  elif ((!live)); then
    tail -n 15 "$RUN_DIR"/{api,worker,vendor-stub}.log >&2
    fail "no hall gave a menu; above are the ends of the logs"
  fi
}

# ask_hall API HALL DATE: one line of what each meal is, asked at the same time, as visitors do.
# Counts in `menus`, keeps the shortest in `shown`, notes vendors that failed in `away`.
ask_hall() {
  local begun meal answer code items pids=() retry=(--retry 3)
  ((live)) && retry=()
  begun=$(date +%s%3N)
  for meal in breakfast brunch lunch dinner; do
    answer=$RUN_DIR/$2-$meal
    curl -sS --max-time 60 "${retry[@]}" -o "$answer.json" -w '%{http_code}' \
      "$1/api/v2/menus?hall_id=$2&date=$3&meal=$meal" </dev/null >"$answer.code" 2>"$answer.err" &
    pids+=($!)
  done
  wait "${pids[@]}" || true
  for meal in breakfast brunch lunch dinner; do
    answer=$RUN_DIR/$2-$meal
    code=$(<"$answer.code")
    if [[ $code == 200 ]]; then
      menus=$((menus + 1))
      items=$(jq '[.stations[].items[]] | length' "$answer.json")
      printf '  %s 200 (%d items)' "$meal" "$items"
      if [[ -z $shown ]] || ((items < fewest)); then shown=$answer.json fewest=$items; fi
    else
      printf '  %s %s %s' "$meal" "$code" "$(jq -r '.reason // .title' "$answer.json" 2>/dev/null)"
      [[ $code != 503 ]] || away[$vendor]=$(jq -r '.detail' "$answer.json")
    fi
  done
  printf '  %d ms\n' $(($(date +%s%3N) - begun))
}

tell_away() {
  local vendor name
  for vendor in "${!away[@]}"; do
    case $vendor in
      sodexo) name=Sodexo ;;
      bon*) name='Bon Appétit' ;;
      pomona) name=Pomona ;;
      *) name=$vendor ;;
    esac
    say "$name could not be reached from here (503 ${away[$vendor]}); the api answers 503 until it can"
  done
}

show_menu() {
  echo
  jq -r '
    "\(.hall_id), \(.meal), \(.date)" + (if .is_stale then " (an older copy)" else "" end),
    (.stations[] |
      "  \(.name)",
      (.items[] | "    \(.name)" + (if .tags == [] then "" else "  [\(.tags | join(", "))]" end)))
  ' "$1"
  echo
}

# --- staying up ---

show_where() {
  local api
  api=$(url_of api)
  cat <<END
API        $api/api/v2/halls
           curl '$api/api/v2/menus?hall_id=hoch&date=$(today)&meal=dinner'
Operations $(url_of worker)
END
  ((live)) || cat <<END
Stub       $(url_of vendor-stub)
           $(url_of vendor-stub CONTROL) (makes it slow, broken or silent)
END
  cat <<END
Redis      redis-cli -u $REDIS_URL
Postgres   psql $DATABASE_URL
Logs       ${RUN_DIR#"$ROOT/"}/*.log

END
  say "Up; Ctrl-C ends it"
}

stay_up() {
  local pid_file name
  # A terminal that has gone cannot be told.
  trap 'say "Stopping" || true; exit 0' HUP INT TERM
  while :; do
    for pid_file in "$RUN_DIR"/*.pid; do
      name=$(basename "$pid_file" .pid)
      alive "$name" || died "$name"
    done
    sleep 1
  done
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
