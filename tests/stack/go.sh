#!/usr/bin/env bash
# go.sh consul|otelcol|promtool: prints the path of that program, which tests ask what it thinks of ours, and builds it
# where it is missing: from its makers' own sources, by Go's module proxy.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
name="${1:-}"

# Each version is the newest whose modules are all there.
case "$name" in
  consul)
    version=v1.11.11
    package=github.com/hashicorp/consul
    modules=("$package@$version" github.com/hashicorp/consul/api@v1.13.1 github.com/hashicorp/consul/sdk@v0.10.0
      golang.org/x/sys@v0.49.0 golang.org/x/net@v0.62.0)
    ;;
  otelcol)
    # It is made of its parts by a main of our own, as its builder does.
    version=v0.120.0
    package=.
    modules=("go.opentelemetry.io/collector/otelcol@$version" "go.opentelemetry.io/collector/receiver/otlpreceiver@$version"
      go.opentelemetry.io/collector/confmap/provider/fileprovider@v1.26.0
      "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter@$version")
    ;;
  promtool)
    version=v0.305.0
    package=github.com/prometheus/prometheus/cmd/promtool
    modules=("$package@$version")
    # Without the discovery of targets in clouds, which rules have no need of.
    tags=remove_all_sd
    ;;
  *)
    echo "go.sh consul|otelcol|promtool: \`$name\` is none of them" >&2
    exit 2
    ;;
esac
variable="SVCKIT_$(echo "$name" | tr '[:lower:]' '[:upper:]')"
cache="${SVCKIT_CACHE:-$HOME/.cache/svckit}"
folder="$cache/$name-$version"
# What is of our own making is built again when it changes.
if [ -d "$here/$name" ]; then folder="$folder-$(cat "$here/$name/"*.go | cksum | cut -d' ' -f1)"; fi
program="$folder/$name"

if [ -n "${!variable:-}" ]; then
  echo "${!variable}"
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
      echo "go is missing: install Go (on Debian: apt-get install golang-go), or name $name by $variable" >&2
      exit 1
    fi
  fi
  rm -rf "$folder"
  mkdir -p "$folder/build"
  # A module of its own: theirs take their parts from elsewhere or leave out versions, which `go install` refuses.
  (
    cd "$folder/build"
    if [ -d "$here/$name" ]; then cp "$here/$name/"*.go .; fi
    export GOFLAGS=-mod=mod CGO_ENABLED=0
    go mod init "$name.build"
    go get "${modules[@]}"
    go build -tags "${tags:-}" -ldflags "-s -w" -o "$program" "$package"
  ) >&2
  # Some say their version one way, some the other.
  "$program" --version >&2 || "$program" version >&2
  rm -rf "$folder/build"
  touch "$folder/ready"
fi
echo "$program"
