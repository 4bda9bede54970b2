#!/usr/bin/env bash
# Installs what building, testing and the demo need from Debian's archive. Does nothing, at once, if
# all is there. Any arguments are packages wanted besides.
set -euo pipefail

packages=(
  # The tool chain.
  ca-certificates ccache cmake g++ git ninja-build pkg-config python3
  # What the library and its plugins link.
  libabsl-dev libbpf-dev librocksdb-dev libssl-dev
  # Its tests, the second compiler, and the checks.
  clang clang-format clang-tidy iproute2 libgmock-dev libgtest-dev
  # synod-kv and its client.
  etcd-client libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  "$@"
)

missing=()
for package in "${packages[@]}"; do
  if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
    missing+=("$package")
  fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

echo "Installing: ${missing[*]}"
as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and installing them takes root (there is no sudo)." >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
  "${missing[@]}" >/dev/null
