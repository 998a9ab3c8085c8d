#!/usr/bin/env bash
# Installs the programs of Debian and Ubuntu that tests run: proxies, Prometheus, image builds, other languages' gRPC, a load
# generator. Where one is missing, its tests are skipped and say so.
set -euo pipefail

packages=(
  nginx-light haproxy prometheus buildah
  python3-grpcio python3-protobuf golang-go golang-google-grpc-dev
  nghttp2-client
)
has_all() {
  type nginx haproxy prometheus promtool buildah go h2load > /dev/null 2>&1 &&
    /usr/bin/python3 -c 'import grpc, google.protobuf' > /dev/null 2>&1 &&
    [ -d /usr/share/gocode/src/google.golang.org/grpc ]
}

if ! has_all; then
  if [ "$(id -u)" = 0 ] && type apt-get > /dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install --no-install-recommends "${packages[@]}" > /dev/null; } ||
      echo "cannot install ${packages[*]}: tests that need them will be skipped" >&2
  else
    echo "tests that need one of ${packages[*]} will be skipped where it is missing" >&2
  fi
fi
