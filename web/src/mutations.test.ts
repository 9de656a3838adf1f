/** Whatever the API can change, the console offers somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';

const here = new URL('.', import.meta.url).pathname;
const schema = buildSchema(readFileSync(join(here, '../../api/schema.graphql'), 'utf8'));
const sources = readdirSync(join(here, 'routes'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(svelte|ts)$/.test(path) && !path.endsWith('.test.ts'))
  .map((path) => readFileSync(join(here, 'routes', path), 'utf8'))
  .join('\n');

/** What a page would only do worse: these take words, for the command line and for chats. */
const IN_WORDS = ['runCommand', 'submitCommandForm'];

test('every mutation has a place on a page', () => {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  expect(mutations.length).toBeGreaterThan(50);
  expect(mutations.filter((name) => !IN_WORDS.includes(name) && !new RegExp(`\\b${name} ?[({]`).test(sources))).toEqual([]);
});
