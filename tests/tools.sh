#!/bin/sh
# Makes sure that what the tests start is there: PostgreSQL, Alertmanager, a mail server, a browser, cargo-nextest, cargo-deny.
set -eu

packages=""
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || packages="$packages postgresql"
command -v prometheus-alertmanager >/dev/null 2>&1 || packages="$packages prometheus-alertmanager"
/usr/bin/python3 -c "import aiosmtpd" >/dev/null 2>&1 || packages="$packages python3-aiosmtpd"
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
command -v openssl >/dev/null 2>&1 || packages="$packages openssl"

if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        # A fresh cluster is not wanted: the tests make their own.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    else
        echo "The tests need these Debian packages:$packages" >&2
        echo "Install them with: sudo apt-get install$packages" >&2
        exit 1
    fi
fi

for tool in cargo-nextest cargo-deny; do
    command -v "$tool" >/dev/null 2>&1 || cargo install --locked --quiet "$tool"
done
