#!/usr/bin/env bash
# Prints where a nats-server is: the one that is installed, or else Debian's package, unpacked into the folder that is given.
# Nothing is installed, and only `apt-get update` takes root, where the machine has no lists of packages yet.
set -euo pipefail

for installed in "$(command -v nats-server || true)" /usr/sbin/nats-server "$1/usr/sbin/nats-server"; do
  if [ -x "$installed" ]; then
    echo "$installed"
    exit
  fi
done

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
cd "$unpacked"
apt-get download nats-server >&2 || { apt-get update >&2; apt-get download nats-server >&2; }
dpkg-deb -x nats-server_*.deb package >&2
mkdir -p "$(dirname "$1")"
cp -r package "$1.$$"
mv -T "$1.$$" "$1" 2> /dev/null || rm -rf "$1.$$" # Another test was faster.
echo "$1/usr/sbin/nats-server"
