#!/bin/sh
# One would expect: COUNT=3 gives three occurrences. RFC 5545 (3.3.10): "The DTSTART property value always counts as the first
# occurrence", and (3.8.5.3) DTSTART should match the rule; what happens otherwise is not defined, but programs agree.
#
# What happens: for a series that begins on a Wednesday and recurs on Mondays, ical.js gives three Mondays and no Wednesday;
# recurring-ical-events gives the Wednesday and three Mondays, four in all. Neither warns.
#
# Why it matters here: people move the first shift of a series and leave its rule. The two readings differ in who is on call on the first
# day, and in whether anybody is in the last week. Muster follows the sentence above: the Wednesday, and two Mondays.
#
# Versions: ical.js 2.2.1, recurring-ical-events 3.8.2 with icalendar 7.3.2. Needs node with npm, and python3 with venv.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//findings//EN BEGIN:VEVENT UID:1 DTSTAMP:20260101T000000Z SUMMARY:Kim \
    DTSTART:20260701T100000Z DTEND:20260701T180000Z 'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3' END:VEVENT END:VCALENDAR > rota.ics

npm init -y > npm.log
npm install --silent --no-audit --no-fund ical.js@2.2.1 > npm.log 2>&1
cat > rota.mjs <<'END'
import ICAL from 'ical.js';
import { readFileSync } from 'node:fs';
const calendar = new ICAL.Component(ICAL.parse(readFileSync('rota.ics', 'utf8')));
const days = [];
for (let each = new ICAL.Event(calendar.getFirstSubcomponent('vevent')).iterator(), start; (start = each.next()); ) {
    days.push(start.toString().slice(5, 10));
}
console.log(days.join(' '));
END
javascript=$(node rota.mjs)

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check recurring-ical-events==3.8.2 icalendar==7.3.2
python=$(venv/bin/python - <<'END'
import icalendar, recurring_ical_events
with open("rota.ics", "rb") as file:
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(file.read())).between((2026, 6, 1), (2026, 9, 1))
print(*sorted(event["DTSTART"].dt.strftime("%m-%d") for event in events))
END
)

echo "Wednesday 1 July 2026, then each Monday, COUNT=3:"
echo "ical.js:               $javascript"
echo "recurring-ical-events: $python"
[ "$javascript" = "07-06 07-13 07-20" ] && [ "$python" = "07-01 07-06 07-13 07-20" ] || { echo "This has changed."; exit 1; }
