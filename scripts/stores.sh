#!/usr/bin/env bash
# scripts/stores.sh [--durable] COMMAND [ARGUMENT…]
#
# Runs a command with a Redis and a Postgres of its own, on free loopback ports, named to it by
# REDIS_URL and DATABASE_URL. Both end with the command. A set REDIS_URL or DATABASE_URL wins:
# that store is then neither installed nor started nor stopped.
#
#   --durable   Postgres with its usual safety instead of the quick settings for tests
#
# The servers are installed with apt-get when missing (as root or through sudo). PG_BIN may name
# the folder of initdb and postgres.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# need [COMMAND…]: installs these and the servers that will be started, where missing.
# Two scripts at once take turns, and the second then finds everything in place.
need() {
  local packages=() command lock
  exec {lock}<"${BASH_SOURCE[0]}"
  ! command -v flock >/dev/null || flock "$lock"
  [[ -n ${REDIS_URL:-} ]] || command -v redis-server >/dev/null || packages+=(redis-server)
  [[ -n ${DATABASE_URL:-} ]] || postgres_bin >/dev/null || packages+=(postgresql)
  for command; do
    command -v "$command" >/dev/null || packages+=("$command")
  done
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  exec {lock}<&-
}

install_packages() {
  local sudo=()
  command -v apt-get >/dev/null ||
    fail "missing: $*. Install them, or name running stores in REDIS_URL and DATABASE_URL"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "missing: $*. Run as root: apt-get install $*"
    sudo=(sudo)
    [[ -t 0 ]] || sudo+=(--non-interactive)
  fi
  say "Installing $*"
  "${sudo[@]}" bash -c "$INSTALL" install "$@" </dev/null >"$RUN_DIR/install.log" 2>&1 || {
    tail -n 15 "$RUN_DIR/install.log" >&2
    fail "could not install: $*. Run as root: apt-get update && apt-get install $*"
  }
}

# The distribution would start its own Redis and Postgres (or nginx and Varnish), now and at each boot:
# none is wanted.
# shellcheck disable=SC2016 # expanded by the shell that runs it as root
INSTALL='
  set -eu
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update -qq || true
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
  for service in redis-server postgresql nginx varnish varnishncsa; do
    case " $* " in *" ${service%ncsa}"*) update-rc.d "$service" disable || true ;; esac
  done
'

# Debian keeps the servers out of PATH, one folder for each version.
postgres_bin() {
  local folder folders in_path
  mapfile -t folders < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
  IFS=: read -ra in_path <<<"$PATH"
  for folder in "${PG_BIN:-}" "${folders[@]}" "${in_path[@]}"; do
    if [[ -x $folder/postgres && -x $folder/initdb ]]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

# Below the range that the kernel gives to outgoing connections. The bind itself is the check:
# when it fails, the next number is tried.
some_port() { echo $((20000 + RANDOM % 12000)); }

# spawn_store NAME PATTERN COMMAND…: with `PORT` replaced by a port that was free; sets `port`.
spawn_store() {
  local name=$1 ready=$2
  shift 2
  for _ in {1..20}; do
    port=$(some_port)
    spawn "$name" "${@//PORT/$port}"
    ! await "$name" "$ready" 60 || return 0
    grep -qi 'in use' "$RUN_DIR/$name.log" || break
  done
  died "$name"
}

start_redis() {
  local port
  [[ -z ${REDIS_URL:-} ]] || return 0
  say "Starting Redis"
  mkdir "$RUN_DIR/redis"
  spawn_store redis 'Ready to accept connections' \
    redis-server --bind 127.0.0.1 --port PORT --dir "$RUN_DIR/redis" \
    --save '' --appendonly no --maxmemory-policy volatile-lru
  export REDIS_URL=redis://127.0.0.1:$port
}

# start_postgres durable|quick: quick gives up safety that nobody needs of a database for tests.
start_postgres() {
  local port bin user=menus$RANDOM data=$RUN_DIR/postgres as=()
  local settings=(-c max_connections=300)
  if bin=$(postgres_bin); then export PG_BIN=$bin; fi
  [[ -z ${DATABASE_URL:-} ]] || return 0
  say "Starting Postgres"
  [[ $1 == durable ]] ||
    settings+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
  # The caller's PGHOST and the like are about another server.
  unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSSLMODE PGSERVICE PGDATA

  # Postgres refuses to be root, and another user may not be allowed into this folder.
  if ((EUID == 0)); then
    local who=nobody
    ! id postgres >/dev/null 2>&1 || who=postgres
    as=(setpriv --reuid="$who" --regid="$(id -g "$who")" --clear-groups)
    data=/var/tmp/5c-menus-${RUN_DIR##*/}
    ln -s "$data" "$RUN_DIR/postgres"
    mkdir -m 700 "$data"
    chown "$who:" "$data"
  fi
  (cd / && "${as[@]}" "$bin/initdb" -D "$data" -U "$user" --auth=trust --no-sync \
    --encoding=UTF8 --locale=C) </dev/null >"$RUN_DIR/initdb.log" 2>&1 || {
    tail -n 15 "$RUN_DIR/initdb.log" >&2
    fail "Postgres could not make its data folder $data"
  }
  spawn_store postgres 'ready to accept connections' \
    env -C / "${as[@]}" "$bin/postgres" -D "$data" -h 127.0.0.1 -p PORT -k '' "${settings[@]}"
  "$bin/createdb" -h 127.0.0.1 -p "$port" -U "$user" menus || died postgres
  export DATABASE_URL=postgres://$user@127.0.0.1:$port/menus
}

# start_stores durable|quick
start_stores() {
  start_redis
  start_postgres "$1"
}

# --- what tests start from ---

# What the caller's shell has set for a run of its own must not change what is tested. `.env.example`
# has every variable of the programs.
forget_settings() {
  local name
  while read -r name; do
    case $name in
      DATABASE_URL | REDIS_URL | LOG) ;;
      *) unset "$name" ;;
    esac
  done < <(sed -nE 's/^#?([A-Z_]+)=.*/\1/p' .env.example)
}

# build_programs [SELECTION…]: the programs, and these targets; `--tests` is all that the tests are. One
# build for the whole workspace, with a test in it: one of some packages, or of programs alone, would
# choose other features of what they stand on, and compile most of that twice.
build_programs() {
  local target=${CARGO_TARGET_DIR:-$ROOT/target}/debug
  (($#)) || set -- --test hit
  say "Building the programs"
  attend cargo build --workspace --locked --bins "$@" || fail "the programs did not build; see above"
  export API_BIN=$target/api WORKER_BIN=$target/worker VENDOR_STUB_BIN=$target/vendor-stub
}

main() {
  local kind=quick
  case ${1:-} in
    --help | -h) help ;;
    --durable) kind=durable && shift ;;
  esac
  (($#)) || fail "no command given; see scripts/stores.sh --help"
  open_run stores
  need
  start_stores "$kind"
  attend "$@"
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
