#!/bin/sh
# One would expect: a headless component of bits-ui, which has no styles of its own, can be used on a page whose policy (CSP) forbids inline
# styles. Its other components set what they need by script, which such a policy allows.
#
# What happens: with bits-ui 2.21.0, each item and group of `Command` (a palette) has style="display: contents;" in its markup. Svelte 5.57.3
# keeps that as it is in the template from which the browser makes elements, so Chromium refuses the style and says so once for each
# item that is drawn; the layout lacks it. The directive `style:display` in the same place compiles to a call, and is taken.
#
# Why it matters here: the console's policy has no unsafe-inline, and its tests take every complaint of the browser for a failure. The palette
# (Ctrl K) made dozens. Muster's build puts the directive in the place of the attribute (web/svelte.config.js).
#
# Versions: bits-ui 2.21.0, svelte 5.57.3 (node with npm).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund --ignore-scripts bits-ui@2.21.0 svelte@5.57.3 > npm.log 2>&1 || { cat npm.log; exit 1; }
cat > look.mjs <<'END2'
import { readdirSync, readFileSync } from 'node:fs';
import { compile } from 'svelte/compiler';
const folder = 'node_modules/bits-ui/dist/bits/';
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.svelte'));
const written = files.filter((name) => /<\w+[^>]*\sstyle="/.test(readFileSync(folder + name, 'utf8'))).map((name) => name.split('/').at(-1));
const made = (source) => compile(source, { generate: 'client' }).js.code;
const attribute = made('<div style="display: contents;">x</div>');
const directive = made('<div style:display="contents">x</div>');
console.log(`written in markup: ${written.sort().join(' ')}`);
console.log(`attribute in the template: ${/from_html\(`[^`]*style=/.test(attribute)}, directive: ${/from_html\(`[^`]*style=/.test(directive)}`);
END2
seen=$(node look.mjs)
echo "$seen"
expected="written in markup: command-group-items.svelte command-item.svelte command-link-item.svelte
attribute in the template: true, directive: false"
[ "$seen" = "$expected" ] || { echo "That has changed."; exit 1; }
