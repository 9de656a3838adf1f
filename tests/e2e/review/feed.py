"""What a calendar program makes of a calendar that it subscribes to: reads it from standard input, and prints it as JSON."""

import json
import sys

from icalendar import Calendar

calendar = Calendar.from_ical(sys.stdin.buffer.read())
print(json.dumps({
    "method": str(calendar["METHOD"]),
    "name": str(calendar["X-WR-CALNAME"]),
    "events": [{
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "summary": str(event["SUMMARY"]),
        "start": event["DTSTART"].dt.isoformat(),
        "end": event["DTEND"].dt.isoformat(),
        "description": str(event["DESCRIPTION"]),
    } for event in calendar.walk("VEVENT")],
}))
