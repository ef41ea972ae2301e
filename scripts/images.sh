#!/usr/bin/env bash
# scripts/images.sh
#
# Builds both images and runs docker-compose.yml with them, as a project of its own with passwords and a
# database that are gone afterwards, and looks whether it is as docs/security.md says (S34): who it runs as,
# what it may, what can be reached from where, what it is built of, how it stops. No part of `make ci`:
# it wants a container engine and the ports 8080 and 8081 to itself. What is set for the programs in the
# environment is passed on, as SODEXO_BASE_URL.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PROJECT=menus5c-look
STORES=(postgres redis)
PROGRAMS=(worker api)
wrong=0

main() {
  case ${1:-} in --help | -h) help ;; esac

  find_compose || fail "docker compose is not installed"
  docker info >/dev/null 2>&1 || fail "no container engine answers; DOCKER_HOST says where it is"
  open_run images
  trap 'take_down; close_run' EXIT
  make_passwords
  compose+=(--project-name "$PROJECT" --env-file "$RUN_DIR/env" --file docker-compose.yml)

  say "Building, starting; the first time takes some minutes"
  "${compose[@]}" build --quiet
  "${compose[@]}" up --detach || true # what does not come up is told below
  look_at_start
  local service
  for service in "${STORES[@]}" "${PROGRAMS[@]}"; do look_at_rights "$service"; done
  look_at_networks
  look_at_programs
  look_at_end
  ((wrong == 0)) || fail "$wrong of the above are wrong"
  docker images --format '{{.Repository}} {{.Size}}' | grep "^$PROJECT"
}

make_passwords() {
  local name
  (umask 077 && for name in POSTGRES_PASSWORD POSTGRES_APP_PASSWORD REDIS_PASSWORD OPS_PASSWORD; do
    printf '%s=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
  done >"$RUN_DIR/env")
}

take_down() {
  trap '' HUP INT TERM
  "${compose[@]}" down --volumes --timeout 35 >/dev/null 2>&1 || true
}

# see WHAT COMMAND…: tells whether the command says yes.
see() {
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    printf 'ok     %s\n' "$what"
  else
    printf 'WRONG  %s\n' "$what"
    wrong=$((wrong + 1))
  fi
}

container() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$PROJECT" \
    --filter "label=com.docker.compose.service=$1"
}

told() { docker inspect --format "$2" "$(container "$1")"; }
says() { [[ $(told "$1" "$2") == "$3" ]]; }
within() { docker exec "$(container "$1")" "${@:2}"; }
reads() { within "$1" cat "$2" | grep -E "$3"; }

# becomes SERVICE FORMAT VALUE: within two minutes.
becomes() {
  local deadline=$((SECONDS + 120))
  until says "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.5
  done
}

look_at_start() {
  local service
  for service in migrate roles; do
    see "$service ended well" says "$service" '{{.State.Status}} {{.State.ExitCode}}' 'exited 0'
  done
  for service in "${STORES[@]}" "${PROGRAMS[@]}"; do
    see "$service is healthy" becomes "$service" '{{.State.Health.Status}}' healthy
  done
}

look_at_rights() {
  see "$1 is not root" reads "$1" /proc/1/status '^Uid:(\s+[1-9][0-9]*){4}$'
  see "$1 has no capability" reads "$1" /proc/1/status '^CapEff:\s+0{16}$'
  see "$1 can get none" reads "$1" /proc/1/status '^CapBnd:\s+0{16}$'
  see "$1 gets no new privileges" reads "$1" /proc/1/status '^NoNewPrivs:\s+1$'
  see "$1 has a root that is read-only" reads "$1" /proc/1/mounts '^\S+ / \S+ ro,'
  see "$1 is bounded in memory" bounded "$1" '{{.HostConfig.Memory}}' memory.max memory/memory.limit_in_bytes
  see "$1 is bounded in processes" bounded "$1" '{{.HostConfig.PidsLimit}}' pids.max pids/pids.max
}

# bounded SERVICE FORMAT FILE…: what the engine was told is what the kernel holds it to, by either kind of cgroup.
bounded() {
  local file held=
  for file in "${@:3}"; do
    held=$(within "$1" cat "/sys/fs/cgroup/$file") && break
  done
  [[ $held == "$(told "$1" "$2")" ]]
}

look_at_networks() {
  local service
  see "the stores' network leads nowhere else" no_way_out
  for service in "${STORES[@]}"; do
    see "$service is published nowhere" no_port "$service"
  done
  see "of the worker this machine alone reaches the ops side" [ "$(docker port "$(container worker)")" = "8081/tcp -> 127.0.0.1:8081" ]
  see "of the api one port is published" [ "$(docker port "$(container api)" | cut -d' ' -f1 | sort -u)" = 8080/tcp ]
}

no_port() { [[ -z $(docker port "$(container "$1")") ]]; }

# Beside the stores nobody reaches what is not beside them: here the api by its other network, which who is there can.
no_way_out() { reaches_api outside && ! reaches_api stores; }
reaches_api() {
  local address
  address=$(told api "{{(index .NetworkSettings.Networks \"${PROJECT}_outside\").IPAddress}}")
  docker run --rm --network "${PROJECT}_$1" --entrypoint timeout "$(told api '{{.Image}}')" \
    3 bash -c "</dev/tcp/$address/8080"
}

look_at_programs() {
  local service password
  password=$(sed -n 's/^OPS_PASSWORD=//p' "$RUN_DIR/env")
  for service in "${PROGRAMS[@]}"; do
    see "$service is user 65532" says "$service" '{{.Config.User}}' 65532:65532
    see "$service says what it is built of" names_its_parts "$service"
  done
  see "the api is ready" curl -fsS --retry 5 http://127.0.0.1:8080/readyz
  see "the api has the halls" curl -fsS --retry 5 http://127.0.0.1:8080/api/v2/halls
  see "the worker is ready" curl -fsS --retry 5 --user "ops:$password" http://127.0.0.1:8081/readyz
  see "without its password it says nothing" [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8081/readyz)" = 401 ]
}

# By cargo auditable; `cargo audit bin` reads it.
names_its_parts() {
  docker cp "$(container "$1"):/usr/local/bin/$1" "$RUN_DIR/$1" && grep -qF .dep-v0 "$RUN_DIR/$1"
}

look_at_end() {
  local service begun=$SECONDS
  "${compose[@]}" stop >/dev/null 2>&1
  see "all stop within their grace ($((SECONDS - begun)) s)" [ $((SECONDS - begun)) -le 70 ]
  for service in "${PROGRAMS[@]}" "${STORES[@]}"; do
    see "$service ended well" says "$service" '{{.State.Status}} {{.State.ExitCode}}' 'exited 0'
  done
}

main "$@"
