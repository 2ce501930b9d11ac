#!/usr/bin/env bash
# Prints a folder whose node_modules has what the tests need (package.json), and makes it where it is missing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
wanted="$here/package.json"
folder="$cache/node-$(cksum <"$wanted" | cut -d' ' -f1)"

if [ -n "${SVCKIT_NODE:-}" ]; then
  echo "$SVCKIT_NODE"
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
      echo "npm is missing: install Node.js with npm (on Debian: apt-get install nodejs npm), or name a folder with these node_modules by SVCKIT_NODE" >&2
      exit 1
    fi
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$wanted" "$folder/package.json"
  npm install --prefix "$folder" --silent --no-audit --no-fund >&2
  touch "$folder/ready"
fi
echo "$folder"
