#!/usr/bin/env bash
# Prints the path of `promtool`, which judges the alert rules that we emit, and builds it where it is missing: from
# Prometheus' own sources, by Go's module proxy.
set -euo pipefail
version=v0.305.0
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
folder="$cache/promtool-$version"
promtool="$folder/promtool"

if [ -n "${SVCKIT_PROMTOOL:-}" ]; then
  echo "$SVCKIT_PROMTOOL"
  exit
fi
mkdir -p "$cache"
exec 9>"$folder.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ ! -e "$folder/ready" ]; then
  if ! command -v go >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends golang-go >&2
    else
      echo "go is missing: install Go (on Debian: apt-get install golang-go), or name promtool by SVCKIT_PROMTOOL" >&2
      exit 1
    fi
  fi
  rm -rf "$folder"
  mkdir -p "$folder/build"
  # A module of its own, for Prometheus' leaves out versions of others, which `go install` refuses.
  (
    cd "$folder/build"
    go mod init promtool.build
    go get "github.com/prometheus/prometheus/cmd/promtool@$version"
    # Without the discovery of targets in clouds, which rules have no need of.
    CGO_ENABLED=0 go build -tags remove_all_sd -ldflags=-s -o "$promtool" github.com/prometheus/prometheus/cmd/promtool
  ) >&2
  "$promtool" --version >&2
  rm -rf "$folder/build"
  touch "$folder/ready"
fi
echo "$promtool"
