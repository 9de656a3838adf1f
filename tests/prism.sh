#!/bin/sh
# Has Prism check the requests of the storm test against the vendors' descriptions in $MUSTER_CONTRACTS. Needs Node.js and npm.
set -eu
contracts=$(cd "${MUSTER_CONTRACTS:?names the folder with zendesk.mock.json and trello.mock.json}" && pwd)
folder=${PRISM_FOLDER:-target/prism}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -x "$folder/node_modules/.bin/prism" ] || (cd "$folder" && npm init -y >/dev/null && npm install --silent @stoplight/prism-cli@5)
trap 'kill $prisms 2>/dev/null || true' EXIT
prisms=
for pair in "18111 trello" "18112 zendesk"; do
    set -- $pair
    # Prism silently skips what it can't compile; this fails instead.
    NODE_PATH="$folder/node_modules" node "$contracts/lint.js" "$contracts/$2.mock.json"
    node "$folder/node_modules/.bin/prism" mock -h 127.0.0.1 -p "$1" --errors -v error "$contracts/$2.mock.json" &
    prisms="$prisms $!"
done
for port in 18111 18112; do
    until curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 1; done
done
MUSTER_PRISM_TRELLO=http://127.0.0.1:18111 MUSTER_PRISM_ZENDESK=http://127.0.0.1:18112 MUSTER_CONTRACTS="$contracts" \
    cargo nextest run -p tests --locked -E 'test(/storm::.*sqlite/)' --no-capture
