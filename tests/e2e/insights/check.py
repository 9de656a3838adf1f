"""Computes the figures of insights from the files alone, and compares them with those that Muster gives.

The folder has the downloads, and asked.json with the answer of the API, the time of the question, and what the playbook says.
Prints what differs.
"""

import csv
import json
import math
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

folder = Path(sys.argv[1])
asked = json.loads((folder / "asked.json").read_text())
told = asked["insights"]
zone = ZoneInfo(told["timeZone"])
now = datetime.fromisoformat(asked["now"])
wrong = []


def rows(name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def time(text):
    return datetime.fromisoformat(text) if text else None


def same(what, computed, found):
    if computed != found:
        wrong.append(f"{what}: computed {computed}, told {found}")


def nearest_rank(seconds, percent):
    return sorted(seconds)[math.ceil(len(seconds) * percent / 100) - 1] if seconds else None


def spread(pairs):
    known = [int((end - start).total_seconds()) for start, end in pairs if end is not None]
    valid = [seconds for seconds in known if seconds >= 0]
    return {
        "count": len(valid),
        "missing": len([end for _, end in pairs if end is None]),
        "invalid": len(known) - len(valid),
        "median": nearest_rank(valid, 50),
        "p90": nearest_rank(valid, 90),
        "known": valid,
    }


def check_spread(what, pairs, found):
    computed = spread(pairs)
    for key in ["count", "missing", "invalid", "median", "p90"]:
        same(f"{what} {key}", computed[key], found[key])
    below, bars = 0, []
    for bar in found.get("histogram", []):
        end = math.inf if bar["below"] is None else bar["below"]
        bars.append(len([seconds for seconds in computed["known"] if below <= seconds < end]))
        below = end
    same(f"{what} histogram", bars, [bar["count"] for bar in found.get("histogram", [])])


def check_in_time(what, in_time, late, unknown, found):
    same(what, [in_time, late, unknown], [found["inTime"], found["late"], found["unknown"]])
    if "share" in found:
        share = in_time / (in_time + late) if in_time + late else None
        same(f"{what} share", share, found["share"])


def check_figures(what, incidents, found):
    same(f"{what} incidents", len(incidents), found["incidents"])
    for name, start, end in [
        ("timeToDeclare", "reported_at", "declared_at"),
        ("timeToLead", "declared_at", "led_at"),
        ("timeToSecondLine", "declared_at", "second_line_at"),
        ("timeToResolve", "declared_at", "resolved_at"),
    ]:
        check_spread(f"{what} {name}", [(time(row[start]), time(row[end])) for row in incidents], found[name])
    for name, column in [("summaries", "summaries"), ("clientUpdates", "client_updates")]:
        sums = [sum(int(row[f"{column}_{part}"]) for row in incidents) for part in ["in_time", "late", "unknown"]]
        check_in_time(f"{what} {name}", *sums, found[name])


def repeats(incidents):
    times = sorted(time(row["declared_at"]) for row in incidents)
    return len([1 for one, next in zip(times, times[1:]) if next - one <= timedelta(days=30)])


incidents = rows("incidents.csv")
for row in incidents:
    same(f"month of {row['incident']}", time(row["declared_at"]).astimezone(zone).strftime("%Y-%m"), row["month"])
    days = time(row["declared_at"]).astimezone(zone).date()
    if not date.fromisoformat(told["from"]) <= days <= date.fromisoformat(told["to"]):
        wrong.append(f"{row['incident']} is not of the period")
check_figures("all", incidents, told["all"])
for group in told["byMonth"]:
    check_figures(group["month"], [row for row in incidents if row["month"] == group["month"]], group["figures"])
for group in told["bySeverity"]:
    of = [row for row in incidents if row["severity"] == group["severity"]]
    check_figures(group["severity"], of, group["figures"])
    same(f"{group['severity']} count", len(of), group["count"])
for groups, key, column in [(told["bySite"], "site", "sites"), (told["byClient"], "client", "clients")]:
    names = {name for row in incidents for name in row[column].split("; ") if name}
    same(column, names, {group[key]["name"] for group in groups})
    for group in groups:
        name = group[key]["name"]
        of = [row for row in incidents if name in row[column].split("; ")]
        check_figures(name, of, group["figures"])
        same(f"{name} repeats", repeats(of), group["repeats"])

pages = rows("pages.csv")
verdict = {"yes": 0, "no": 0, "": 0}
woken = {}
hours = asked["workingHours"]
for row in pages:
    at, answered = time(row["paged_at"]), time(row["answered_at"])
    local = at.astimezone(zone)
    works = local.isoweekday() <= 5 and hours["from"] <= local.hour < hours["to"]
    night = local.hour >= 23 or local.hour < 6
    same(f"{row['incident']} out of hours", "no" if works else "yes", row["out_of_hours"])
    same(f"{row['incident']} at night", "yes" if night else "no", row["at_night"])
    verdict[row["in_time"]] += 1
    counts = woken.setdefault((local.strftime("%Y-%m"), row["person"]), [0, 0, 0])
    counts[0] += 1
    counts[1] += not works
    counts[2] += night
    within = asked["answerWithin"]
    if row["outcome"] in ["UNSENT", "LEFT"] or row["outcome"] == "UNANSWERED" and (now - at).total_seconds() <= within:
        in_time = ""
    else:
        in_time = "yes" if row["outcome"] == "ANSWERED" and (answered - at).total_seconds() <= within else "no"
    same(f"{row['incident']} in time", in_time, row["in_time"])
check_in_time("pages", verdict["yes"], verdict["no"], verdict[""], told["pages"])
same(
    "woken",
    woken,
    {(row["month"], row["person"]["name"]): [row["pages"], row["outOfHours"], row["atNight"]] for row in told["woken"]},
)
same(
    "woken.csv",
    woken,
    {(row["month"], row["person"]): [int(row[key]) for key in ["pages", "out_of_hours", "at_night"]] for row in rows("woken.csv")},
)

done, open_pairs, dropped = {True: 0, False: 0, None: 0}, [], 0
for row in rows("follow-ups.csv"):
    due = date.fromisoformat(row["due_on"]) if row["due_on"] else None
    settled = time(row["settled_at"])
    if row["state"] == "DONE":
        done[settled.astimezone(zone).date() <= due if due else None] += 1
    elif row["state"] == "DROPPED":
        dropped += 1
    else:
        open_pairs.append((time(row["created_at"]), now))
        done[False] += due is not None and due < now.astimezone(zone).date()
check_in_time("follow-ups", done[True], done[False], done[None], told["followUps"]["done"])
check_spread("open follow-ups", open_pairs, told["followUps"]["open"])
same("dropped", dropped, told["followUps"]["dropped"])

figures = {(row["of"], row["which"], row["figure"]): row for row in rows("figures.csv")}
same("figures.csv incidents", str(len(incidents)), figures["all", "", "incidents"]["count"])
for name, key in [
    ("to_declare", "timeToDeclare"),
    ("to_lead", "timeToLead"),
    ("to_second_line", "timeToSecondLine"),
    ("to_resolve", "timeToResolve"),
]:
    groups = [("all", "", told["all"])]
    groups += [("month", group["month"], group["figures"]) for group in told["byMonth"]]
    groups += [("severity", group["severity"], group["figures"]) for group in told["bySeverity"]]
    groups += [("site", group["site"]["name"], group["figures"]) for group in told["bySite"]]
    groups += [("client", group["client"]["name"], group["figures"]) for group in told["byClient"]]
    for of, which, found in groups:
        row, found = figures[of, which.strip(), name], found[key]
        text = lambda number: "" if number is None else str(int(number))
        same(
            f"figures.csv {of} {which} {name}",
            [text(found[part]) for part in ["count", "missing", "invalid", "median", "p90"]],
            [row[part] for part in ["count", "missing", "invalid", "median_seconds", "p90_seconds"]],
        )

print("\n".join(wrong))
sys.exit(1 if wrong else 0)
