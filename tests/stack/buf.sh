#!/usr/bin/env bash
# Prints the path of `buf`, which judges the Protobuf that we emit, and installs it where it is missing.
set -euo pipefail
version=1.75.0
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
folder="$cache/buf-$version"
buf="$folder/node_modules/.bin/buf"

if [ -n "${SVCKIT_BUF:-}" ]; then
  echo "$SVCKIT_BUF"
  exit
fi
mkdir -p "$cache"
exec 9>"$folder.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ ! -e "$folder/ready" ]; then
  if ! command -v npm >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends nodejs npm >&2
    else
      echo "npm is missing: install Node.js with npm (on Debian: apt-get install nodejs npm), or name buf by SVCKIT_BUF" >&2
      exit 1
    fi
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --silent --no-audit --no-fund "@bufbuild/buf@$version" >&2
  "$buf" --version >/dev/null
  touch "$folder/ready"
fi
echo "$buf"
