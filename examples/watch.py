"""Prints the timeline of one incident as it grows, and resumes where it was after a broken connection.

    MUSTER_TOKEN=… python3 examples/watch.py INC-1

Python 3.9 or newer, without other packages. A token with the access level VIEWER is enough.
"""

import http.client, json, os, sys, time, urllib.error, urllib.request

URL = os.environ.get("MUSTER_URL", "http://127.0.0.1:8080")
FIND = "query($reference: String!) { incident(reference: $reference) { id name } }"
WATCH = """subscription($id: ID!, $after: String) {
  timeline(incidentId: $id, after: $after) { cursor node { sequence kind text occurredAt } } }"""


def post(path, query, variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Authorization": "Bearer " + os.environ["MUSTER_TOKEN"], "Content-Type": "application/json"}
    try:
        # The server sends a comment every 15 seconds, so a longer silence means that the connection is gone.
        return urllib.request.urlopen(urllib.request.Request(URL + path, body, headers), timeout=45)
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
        sys.exit(f"{error.code}: {error.read().decode()}")


def data(response):
    for error in response.get("errors", []):
        code = error["extensions"].get("code")
        if code in ("TOO_SLOW", "UNAVAILABLE"):
            raise ConnectionError(code)
        sys.exit(f"{code}: {error['message']}")
    return response["data"]


def watch(incident, cursor=None):
    while True:
        try:
            for line in post("/graphql/stream", WATCH, {"id": incident, "after": cursor}):
                if line.startswith(b"data:") and line[5:].strip():
                    edge = data(json.loads(line[5:]))["timeline"]
                    yield edge["node"]
                    cursor = edge["cursor"]  # only now: an event that was not handled comes again
        except (OSError, http.client.HTTPException) as error:
            print(f"connecting again: {error}", file=sys.stderr)
        time.sleep(1)


incident = data(json.load(post("/graphql", FIND, {"reference": sys.argv[1]})))["incident"]
for event in watch(incident["id"]):
    print(event["sequence"], event["occurredAt"], event["kind"], event["text"], flush=True)
