#!/bin/sh
# One would expect: a library that writes calendars writes any description and any name so that others read them. In RFC 5545, a line end in a
# text is `\n` (3.3.11), and the value of a parameter has no quotation mark, whether it is quoted or not (3.2).
#
# What happens, with icalendar for Rust: of a description whose lines end in CR LF, as those typed in browsers and copied from mails do, the CR stays in the
# content line. ical.js and icalendar for Python hand it on as a character; vobject refuses the whole file. A name with a nickname in quotation marks
# is written as it is: icalendar for Python drops the attendee, and an invitation without its guest is one that nobody can answer.
#
# Why it matters here: invitations to reviews carry what people typed, and names as people write them. Muster writes calendars itself
# (`calendar::written`): any line end is `\n`, and quotation marks in names are apostrophes; a property test reads back whatever is written.
#
# Versions: icalendar 0.17.17 (Rust); vobject 0.9.9, icalendar 7.3.2 (Python); ical.js 2.2.1. Needs cargo, python3 with venv, and node with npm.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "writer"
version = "0.0.0"
edition = "2021"

[dependencies]
icalendar = { version = "=0.17.17", default-features = false }
END
cat > src/main.rs <<'END'
use icalendar::{Calendar, Component, Event, Property};

fn main() {
    let is_quoted = std::env::args().nth(1).as_deref() == Some("quoted");
    let mut event = Event::new();
    event.uid("1").summary("Review");
    if is_quoted {
        let mut attendee = Property::new("ATTENDEE", "mailto:kim@example.org");
        attendee.add_parameter("CN", "Kim \"Kit\" Lee");
        event.append_multi_property(attendee);
    } else {
        event.description("Room 4\r\nfirst floor");
    }
    print!("{}", Calendar::new().push(event.done()).done());
}
END
cargo build --quiet
target/debug/writer lines > lines.ics
target/debug/writer quoted > quoted.ics

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check vobject==0.9.9 icalendar==7.3.2
cat > read.py <<'END'
import icalendar
import vobject

text = open("lines.ics", newline="").read()
try:
    vobject.readOne(text)
    print("vobject: read")
except vobject.base.ParseError:
    print("vobject: refused")
[event] = icalendar.Calendar.from_ical(text).walk("VEVENT")
print("icalendar:", repr(str(event["DESCRIPTION"])))
[event] = icalendar.Calendar.from_ical(open("quoted.ics", newline="").read()).walk("VEVENT")
print("icalendar, attendee:", event.get("ATTENDEE"))
END
python=$(venv/bin/python read.py)

npm init -y > npm.log
npm install --silent --no-audit --no-fund ical.js@2.2.1 > npm.log 2>&1
cat > read.mjs <<'END'
import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';
const event = new ICAL.Component(ICAL.parse(readFileSync('lines.ics', 'utf8'))).getFirstSubcomponent('vevent');
console.log(JSON.stringify(event.getFirstPropertyValue('description')));
END
javascript=$(node read.mjs)

printf '%s\nical.js: %s\n' "$python" "$javascript"
expected='vobject: refused
icalendar: '"'Room 4\\r\\nfirst floor'"'
icalendar, attendee: None'
[ "$python" = "$expected" ] && [ "$javascript" = '"Room 4\r\nfirst floor"' ] || { echo "This has changed."; exit 1; }
