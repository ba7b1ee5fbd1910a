#!/bin/sh
# Install the ticketing systems that tests/ticketing runs against, where they are missing: Debian's packages, as root.
# Ends with 3 where they cannot be had.
set -eu
packages="request-tracker5 rt5-db-sqlite rt5-standalone redmine redmine-sqlite puma"

missing=""
for package in $packages; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

refuse() {
    echo "The real ticketing systems cannot be installed here: $1" >&2
    exit 3
}
command -v apt-get >/dev/null || refuse "this machine has no apt-get; missing:$missing"
[ "$(id -u)" = 0 ] || refuse "that takes root; missing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt() {
    timeout 900 apt-get --quiet=2 --option Acquire::Retries=2 --option Acquire::http::Timeout=30 "$@" >&2
}
apt update || refuse "apt-get update failed"
# shellcheck disable=SC2086
apt install --yes --no-install-recommends $packages || refuse "apt-get install failed"
