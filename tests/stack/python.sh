#!/usr/bin/env bash
# Prints the path of a Python environment with what the tests need (requirements.txt), and makes it where it is missing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
wanted="$here/requirements.txt"
venv="$cache/python-$(cksum <"$wanted" | cut -d' ' -f1)"
python="$(command -v python3 || true)"

if [ -z "$python" ]; then
  echo "python3 is missing: install Python 3.11 or newer (on Debian: apt-get install python3 python3-venv)" >&2
  exit 1
fi
mkdir -p "$cache"
exec 9>"$venv.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  if ! "$python" -m venv "$venv" >&2; then
    echo "python3 can't make an environment: install its venv module (on Debian: apt-get install python3-venv)" >&2
    exit 1
  fi
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2
  touch "$venv/ready"
fi
echo "$venv"
