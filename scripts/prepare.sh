#!/usr/bin/env bash
# scripts/prepare.sh
#
# Writes .sqlx/ anew: what Postgres says of every query in the code. For that it always brings up a
# Postgres of its own, with nothing in it but the migrations. To be run, and its result committed,
# with each change of a query or a migration.

# shellcheck source=scripts/stores.sh
source "$(dirname "${BASH_SOURCE[0]}")/stores.sh"

main() {
  local migration
  case ${1:-} in --help | -h) help ;; esac
  unset DATABASE_URL
  open_run prepare
  need
  start_postgres quick
  say "Migrations"
  for migration in migrations/*.sql; do
    "$PG_BIN/psql" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --file "$migration" "$DATABASE_URL" ||
      fail "$migration cannot be applied"
  done
  attend scripts/sqlx-prepare
}

main "$@"
