import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { COLUMNS, linesOf, type ImportRow } from './plan';

const row = (more: Partial<ImportRow>): ImportRow => ({
  effect: 'CHANGED',
  line: 2,
  name: 'Shop',
  site: null,
  changes: [],
  kept: [],
  ...more,
});

test('a site has a line for each field, and says its name once', () => {
  const changes = [
    { field: 'HOSTING' as const, from: null, to: 'AWS' },
    { field: 'RUNBOOK' as const, from: 'https://a.example/', to: null },
  ];
  const lines = linesOf([row({ changes }), row({ name: 'Blog', changes: changes.slice(0, 1) })]);
  expect(lines.map(({ isFirst, what, from, to }) => [isFirst, what, from, to])).toEqual([
    [true, 'Hosting', null, 'AWS'],
    [false, 'Runbook', 'https://a.example/', null],
    [true, 'Hosting', null, 'AWS'],
  ]);
  expect(new Set(lines.map(({ key }) => key)).size).toBe(3);
});

test('a new site does not say its name twice, and one with nothing else has a line all the same', () => {
  const name = { field: 'NAME' as const, from: null, to: 'Shop' };
  const lines = linesOf([row({ effect: 'ADDED', changes: [name] })]);
  expect(lines.map(({ what, to }) => [what, to])).toEqual([['', null]]);
});

test('who is gone and what stays is said in words', () => {
  const gone = row({ effect: 'GONE', line: null, changes: [{ field: 'GONE', from: null, to: 'yes' }] });
  const kept = row({ effect: 'KEPT', kept: [{ field: 'HOSTING', from: 'Fly', to: null }] });
  const [first, second] = linesOf([gone, kept]);
  expect(first?.note).toContain('No longer in the list');
  expect([second?.from, second?.note]).toEqual(['Fly', 'Stays as set by hand: the list says none.']);
});

test('the columns are those of the export', () => {
  const titles = readFileSync(new URL('../../../../domain/src/catalogue/listing.rs', import.meta.url), 'utf8');
  for (const column of COLUMNS) expect(titles).toContain(`"${column}"`);
});
