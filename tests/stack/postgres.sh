#!/usr/bin/env bash
# Runs a PostgreSQL of its own on loopback, installs it where it is missing, and prints its URL. It ends, and its data goes,
# once standard input ends: so it outlives nobody who started it, however they ended.
#
#   coproc DB { tests/stack/postgres.sh; }; read -r url <&"${DB[0]}"
#
# With SVCKIT_POSTGRES, the URL of one that is there, it prints that and starts nothing.
set -euo pipefail

if [ -n "${SVCKIT_POSTGRES:-}" ]; then
  echo "$SVCKIT_POSTGRES"
  exec cat >/dev/null
fi

newest() { # prints the folder of the newest installed server, or nothing
  local found
  found="$(command -v postgres || true)"
  for found in "$found" $(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -Vr); do
    if [ -x "$found" ] && [ -x "$(dirname "$found")/initdb" ]; then
      dirname "$found"
      return
    fi
  done
}

bin="$(newest)"
if [ -z "$bin" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  # The package would start a server of its own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends postgresql >&2
  bin="$(newest)"
fi
if [ -z "$bin" ]; then
  echo "PostgreSQL is missing: install it (on Debian: apt-get install postgresql), or name one by SVCKIT_POSTGRES" >&2
  exit 1
fi

data="$(mktemp -d "${TMPDIR:-/tmp}/svckit-postgres-XXXXXX")"
as=()
if [ "$(id -u)" = 0 ]; then # a server refuses to run as root
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
  chown postgres: "$data"
fi
end() {
  "${as[@]}" "$bin/pg_ctl" stop --silent --mode immediate --pgdata "$data/db" >&2 || true
  rm -rf "$data"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

cd "$data"
password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
echo "$password" >"$data/password"
[ "$(id -u)" != 0 ] || chown postgres: "$data/password"
"${as[@]}" "$bin/initdb" --pgdata "$data/db" --username svckit --pwfile "$data/password" --auth scram-sha-256 \
  --encoding UTF8 --locale C >"$data/initdb.log" 2>&1 || { cat "$data/initdb.log" >&2; exit 1; }
for _ in $(seq 20); do
  port=$((20000 + RANDOM % 40000))
  if "${as[@]}" "$bin/pg_ctl" start --silent --wait --timeout 60 --pgdata "$data/db" --log "$data/db/log" \
    --options "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' ${SVCKIT_POSTGRES_OPTIONS:-}" \
    </dev/null >/dev/null 2>&1; then
    echo "postgres://svckit:$password@127.0.0.1:$port/postgres?sslmode=disable"
    cat >/dev/null
    exit 0
  fi
done
cat "$data/db/log" >&2
echo "PostgreSQL did not start on any of 20 ports; its log is above" >&2
exit 1
