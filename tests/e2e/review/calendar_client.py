"""What a calendar program does with invitations: reads mails, and keeps the event on a CalDAV server (radicale).

Arguments: the mails of one person, oldest first. Prints a line of JSON for each: what it said, and what the calendar has then.
"""

import email
import email.policy
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from icalendar import Calendar

CALENDAR = "/kim/reviews/"


def call(url, method, body=None):
    request = urllib.request.Request(url, data=body, method=method, headers={"Authorization": "Basic a2ltOng="})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def server(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["radicale", "--server-hosts", f"127.0.0.1:{port}", "--storage-filesystem-folder", folder, "--auth-type", "none", "--rights-type", "authenticated"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)
    raise SystemExit("radicale did not start")


def invitation(path):
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == str(calendar["METHOD"]), "the part and the calendar name one method"
    [event] = calendar.walk("VEVENT")
    return calendar, event


def main(paths):
    with tempfile.TemporaryDirectory() as folder:
        process, url = server(folder)
        try:
            status, text = call(url + CALENDAR, "MKCALENDAR", b"")
            assert status == 201, text
            for path in paths:
                calendar, event = invitation(path)
                method = str(calendar["METHOD"])
                place = f"{url}{CALENDAR}{event['UID']}.ics"
                # What is stored has no method (RFC 4791, 4.1).
                del calendar["METHOD"]
                if method == "CANCEL":
                    status, text = call(place, "DELETE")
                else:
                    status, text = call(place, "PUT", calendar.to_ical())
                assert status in (200, 201, 204), text
                _, kept = call(url + CALENDAR, "GET")
                kept = [] if not kept.strip() else Calendar.from_ical(kept).walk("VEVENT")
                print(json.dumps({
                    "method": method,
                    "uid": str(event["UID"]),
                    "sequence": int(event["SEQUENCE"]),
                    "status": str(event["STATUS"]),
                    "start": event["DTSTART"].dt.isoformat(),
                    "end": event["DTEND"].dt.isoformat(),
                    "organizer": str(event["ORGANIZER"]),
                    "attendee": str(event["ATTENDEE"]),
                    "kept": [event["DTSTART"].dt.isoformat() for event in kept],
                }))
        finally:
            process.terminate()
            process.wait()


main(sys.argv[1:])
