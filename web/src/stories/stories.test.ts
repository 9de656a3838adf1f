/** No component of `lib/ui` or `lib/shell` is without its stories. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = (path: string) => new URL(path, new URL('..', import.meta.url));
const stories = readdirSync(source('stories'))
  .filter((name) => name.endsWith('.story.svelte'))
  .map((name) => readFileSync(source(`stories/${name}`), 'utf8'))
  .join('\n');

test.each(['ui', 'shell'])('every component of lib/%s has a story', (folder) => {
  const components = readdirSync(source(`lib/${folder}`)).filter((name) => name.endsWith('.svelte'));
  expect(components.length).toBeGreaterThan(4);
  const isShown = (name: string) =>
    stories.includes(`from '$lib/${folder}/${name}'`) && stories.includes(`<${name.replace('.svelte', '')}`);
  expect(components.filter((name) => !isShown(name))).toEqual([]);
});
