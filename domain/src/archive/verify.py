"""Checks an unpacked archive of an incident: python3 verify.py [FOLDER]. Needs Python 3.7 and nothing else."""

import hashlib
import json
import os
import sys
from datetime import datetime, timedelta

HOME = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
EPOCH = datetime(1970, 1, 1)


def read(path):
    with open(os.path.join(HOME, *path.split("/")), "rb") as file:
        while True:
            chunk = file.read(1 << 20)
            if not chunk:
                return
            yield chunk


def micros(time):
    return (datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ") - EPOCH) // timedelta(microseconds=1)


def files(manifest):
    """What is wrong with the files."""
    listed = {file["path"]: file for file in manifest["files"]}
    found = set()
    for folder, _, names in os.walk(HOME):
        found.update(os.path.relpath(os.path.join(folder, name), HOME).replace(os.sep, "/") for name in names)
    for path in sorted(found - set(listed) - {"MANIFEST.json"}):
        yield f"{path} was added"
    for path, file in sorted(listed.items()):
        if path not in found:
            yield f"{path} is missing"
            continue
        digest = hashlib.sha256()
        for chunk in read(path):
            digest.update(chunk)
        if digest.hexdigest() != file["sha256"]:
            yield f"{path} was changed"


def link(previous, event):
    """The hash of an event after the one whose hash is previous."""
    hashed = {
        "incident": event["incident_id"],
        "id": event["id"],
        "sequence": event["sequence"],
        "kind": event["kind"],
        "occurred_at_micros": micros(event["occurred_at"]),
        "recorded_at_micros": micros(event["recorded_at"]),
        "actor": event["actor_id"],
        "source": event["source"],
        "text": event["text"],
        "details": event["details"],
        "amends": event["amends_id"],
    }
    written = json.dumps(hashed, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + written.encode("utf-8")).digest()


def events():
    with open(os.path.join(HOME, "rows", "timeline_event.jsonl"), encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield json.loads(line)


def redactions():
    """The seals of the events that were emptied, by their numbers, as later events of kind REDACTION say."""
    seals = {}
    for event in events():
        if event["kind"] == "REDACTION":
            said = json.loads(event["details"] or "{}")
            for sequence, seal in zip(said.get("sequences", []), said.get("seals", [])):
                if sequence < event["sequence"]:
                    seals[sequence] = seal
    return seals


def timeline(manifest):
    """What is wrong with the timeline."""
    previous, sequence, seals = bytes(32), 0, redactions()
    for event in events():
        sequence += 1
        stored = bytes.fromhex(event["hash"])
        if event.get("redacted_at") is None:
            is_whole = stored == link(previous, event)
        else:
            # What it said is gone; its hash stays, and what is left of it was sealed.
            is_whole = seals.get(event["sequence"]) == link(stored, event).hex()
        if event["sequence"] != sequence or not is_whole:
            yield f"the timeline is broken at event {sequence}"
            return
        previous = stored
    if sequence != manifest["events"] or previous.hex() != manifest["chain"]:
        yield f"the timeline ends with event {sequence}, and had {manifest['events']}"


def main():
    with open(os.path.join(HOME, "MANIFEST.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    if manifest["format"] != 1:
        sys.exit(f"This archive has format {manifest['format']}, and this program knows format 1.")
    wrong = list(files(manifest))
    if not wrong or os.path.exists(os.path.join(HOME, "rows", "timeline_event.jsonl")):
        wrong += timeline(manifest)
    for problem in wrong:
        print(problem)
    if wrong:
        sys.exit(1)
    emptied = sum(1 for event in events() if event.get("redacted_at") is not None)
    redacted = f", {emptied} of them redacted" if emptied else ""
    print(f"{manifest['reference']}: {len(manifest['files'])} files and {manifest['events']} events are as they were written{redacted}.")
    print(f"The timeline's newest hash is {manifest['chain']}.")


main()
