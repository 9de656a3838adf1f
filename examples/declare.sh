#!/bin/sh
# Declares an incident, writes on its timeline, and watches it until you press ctrl-c.
#
#   MUSTER_TOKEN=… sh examples/declare.sh "example.org errors"
#
# Needs curl and jq. The token needs the access level RESPONDER: muster token create --name example --access responder
set -eu

url=${MUSTER_URL:-http://127.0.0.1:8080}
: "${MUSTER_TOKEN:?is not set: make one with 'muster token create'}"

# post PATH QUERY VARIABLES: jq builds the body, so that quotes in a text can't break it.
post() {
    jq -n --arg query "$2" --argjson variables "$3" '{query: $query, variables: $variables}' |
        curl -sSN --fail-with-body "$url$1" \
            -H "Authorization: Bearer $MUSTER_TOKEN" -H 'Content-Type: application/json' --data-binary @-
}

# GraphQL answers 200 even when a field failed, so look at `errors`.
ask() {
    answer=$(post /graphql "$1" "$2") || { printf '%s\n' "$answer" >&2; exit 1; }
    if printf '%s' "$answer" | jq -e '.errors' >/dev/null; then
        printf '%s' "$answer" | jq -r '.errors[] | "\(.extensions.code): \(.message)"' >&2
        exit 1
    fi
    printf '%s' "$answer"
}

# The key makes it safe to run this again after a broken connection: the same key declares only one incident.
key=${IDEMPOTENCY_KEY:-$(date +%s)-$$}
incident=$(ask 'mutation($name: String!, $key: String!) {
    declareIncident(input: {name: $name, severity: MAJOR, description: "Every third page answers 503.", idempotencyKey: $key}) {
        incident { id reference }
    }
}' "$(jq -n --arg name "${1:-example.org errors}" --arg key "$key" '$ARGS.named')")
id=$(printf '%s' "$incident" | jq -r .data.declareIncident.incident.id)
printf '%s' "$incident" | jq -r '"Declared \(.data.declareIncident.incident.reference)"'

ask 'mutation($id: ID!) {
    addTimelineEvent(input: {incidentId: $id, kind: COMMAND, text: "df -h: /var is full", details: {host: "web-1"}}) { event { sequence } }
}' "{\"id\": \"$id\"}" >/dev/null

# One line for each event: the past first, then what happens now.
post /graphql/stream 'subscription($id: ID!) { timeline(incidentId: $id) { node { sequence kind text } } }' "{\"id\": \"$id\"}" |
    jq -rR --unbuffered 'select(startswith("data: {")) | .[6:] | fromjson | .data.timeline.node // empty | "\(.sequence)\t\(.kind)\t\(.text)"'
