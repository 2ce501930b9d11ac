#!/usr/bin/env bash
# Prints the path of `consul`, whose agent the tests ask where services are, and builds it where it is missing: from its own
# sources, by Go's module proxy. It is the newest version whose modules are all there.
set -euo pipefail
version=v1.11.11
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
folder="$cache/consul-$version"
consul="$folder/consul"

if [ -n "${SVCKIT_CONSUL:-}" ]; then
  echo "$SVCKIT_CONSUL"
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
      echo "go is missing: install Go (on Debian: apt-get install golang-go), or name consul by SVCKIT_CONSUL" >&2
      exit 1
    fi
  fi
  rm -rf "$folder"
  mkdir -p "$folder/build"
  # A module of its own: Consul's takes its parts from folders beside it, which `go install` refuses.
  (
    cd "$folder/build"
    go mod init consul.build
    GOFLAGS=-mod=mod go get "github.com/hashicorp/consul@$version" github.com/hashicorp/consul/api@v1.13.1 \
      github.com/hashicorp/consul/sdk@v0.10.0 golang.org/x/sys@v0.49.0 golang.org/x/net@v0.62.0
    GOFLAGS=-mod=mod CGO_ENABLED=0 go build -ldflags "-s -w" -o "$consul" github.com/hashicorp/consul
  ) >&2
  "$consul" version >&2
  rm -rf "$folder/build"
  touch "$folder/ready"
fi
echo "$consul"
