#!/bin/sh
# One would expect: of two exceptions for one occurrence of a series (same UID and RECURRENCE-ID) the one with the higher SEQUENCE
# counts, wherever it is in the file. RFC 5545 (3.8.7.4) and RFC 5546 (2.1.5) say so, and recurring-ical-events does so.
#
# What happens: ical.js takes the one that was related last, which for a file read from top to bottom is the last one in it. The older
# version wins, without a warning, whenever an export lists it last.
#
# Why it matters here: an exception is a swapped shift. Read by file order, the person who handed the shift on is paged.
#
# Versions: ical.js 2.2.1, recurring-ical-events 3.8.2 with icalendar 7.3.2. Needs node with npm, and python3 with venv.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

event() { printf 'BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n%s\r\nEND:VEVENT\r\n' "$1"; }
exception() {
    event "$(printf 'SEQUENCE:%s\r\nSUMMARY:%s\r\nRECURRENCE-ID:20260713T100000Z\r\nDTSTART:20260713T100000Z\r\nDTEND:20260713T180000Z' "$1" "$2")"
}
{
    printf 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//findings//EN\r\n'
    event "$(printf 'SUMMARY:Kim\r\nDTSTART:20260706T100000Z\r\nDTEND:20260706T180000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3')"
    exception 2 Sam
    exception 1 Alex
    printf 'END:VCALENDAR\r\n'
} > rota.ics

npm init -y > npm.log
npm install --silent --no-audit --no-fund ical.js@2.2.1 > npm.log 2>&1
cat > rota.mjs <<'END'
import ICAL from 'ical.js';
import { readFileSync } from 'node:fs';
const calendar = new ICAL.Component(ICAL.parse(readFileSync('rota.ics', 'utf8')));
const events = calendar.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
const series = events.find((event) => !event.isRecurrenceException());
events.filter((event) => event.isRecurrenceException()).forEach((event) => series.relateException(event));
const names = [];
for (let each = series.iterator(), start; (start = each.next()); ) names.push(series.getOccurrenceDetails(start).item.summary);
console.log(names.join(' '));
END
javascript=$(node rota.mjs)

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check recurring-ical-events==3.8.2 icalendar==7.3.2
python=$(venv/bin/python - <<'END'
import icalendar, recurring_ical_events
with open("rota.ics", "rb") as file:
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(file.read())).between((2026, 7, 1), (2026, 8, 1))
print(*(str(event["SUMMARY"]) for event in sorted(events, key=lambda event: event["DTSTART"].dt)))
END
)

echo "Sam has SEQUENCE:2, Alex has SEQUENCE:1 and is last in the file."
echo "ical.js:               $javascript"
echo "recurring-ical-events: $python"
[ "$javascript" = "Kim Alex Kim" ] && [ "$python" = "Kim Sam Kim" ] || { echo "This has changed."; exit 1; }
