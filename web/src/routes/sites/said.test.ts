import { expect, test } from 'vitest';
import { isKept, isSet, lines, linksIn, said, whatDiffers } from './said';
import { FIELDS, type Site } from './site';

const blank = {
  id: 'sit_1',
  name: 'Shop',
  url: null,
  hosts: [],
  environment: null,
  hosting: null,
  repository: null,
  runbook: null,
  importance: 'NORMAL',
  routinelyAttacked: false,
  busyHours: null,
  codeFreeze: null,
  expected: null,
  goneAt: null,
  lastSyncedAt: null,
  tooling: [],
  client: null,
} as unknown as Site;

test('a field says what it has, with where it leads', () => {
  const site = {
    ...blank,
    url: 'https://shop.example.org/',
    hosts: ['example.net', 'example.net/shop'],
    client: { id: 'cli_1', name: 'A & B' },
    environment: 'STAGING',
    tooling: [{ label: 'Logs', url: 'https://logs.example.org/' }],
  } as unknown as Site;
  expect(said(site, 'URL')).toEqual([{ text: 'https://shop.example.org/', href: 'https://shop.example.org/' }]);
  expect(said(site, 'HOSTS').map(({ text }) => text)).toEqual(['example.net', 'example.net/shop']);
  expect(said(site, 'CLIENT')).toEqual([{ text: 'A & B', href: '/clients?text=A%20%26%20B' }]);
  expect(said(site, 'ENVIRONMENT')).toEqual([{ text: 'Staging', href: undefined }]);
  expect(said(site, 'TOOLING')).toEqual([{ text: 'Logs', href: 'https://logs.example.org/' }]);
  expect(said(site, 'HOSTING')).toEqual([]);
});

test('what nobody has set is not set', () => {
  for (const field of FIELDS) expect([field, isSet(blank, field)]).toEqual([field, false]);
  expect(isSet({ ...blank, importance: 'HIGH' }, 'IMPORTANCE')).toBe(true);
});

test('what was set before origins were kept stays, and what has one does as that says', () => {
  const site = { ...blank, hosting: 'AWS' } as Site;
  expect(isKept(site, 'HOSTING', undefined)).toBe(true);
  expect(isKept(site, 'RUNBOOK', undefined)).toBe(false);
  const origin = { field: 'HOSTING', source: 'HAND', at: '2026-11-22T03:00:00Z', isKept: false } as const;
  expect(isKept(site, 'HOSTING', origin as never)).toBe(false);
});

test('links are typed one on each line', () => {
  expect(linksIn('Logs of it  https://logs.example.org/a b\n')).toBeUndefined();
  expect(linksIn('Logs of it  https://logs.example.org\n\n Graphs HTTPS://g.example.org ')).toEqual([
    { label: 'Logs of it', url: 'https://logs.example.org' },
    { label: 'Graphs', url: 'HTTPS://g.example.org' },
  ]);
  expect(linksIn('https://logs.example.org')).toBeUndefined();
  expect(linksIn(' ')).toEqual([]);
  expect(lines(' a \n\nb')).toEqual(['a', 'b']);
});

test('of a form only what was changed is sent', () => {
  const before = { name: 'Shop', hosts: ['a.example'], url: null as string | null };
  expect(whatDiffers(before, { ...before, hosts: ['a.example'] })).toEqual({});
  expect(whatDiffers(before, { ...before, hosts: ['b.example'], url: 'https://b.example' })).toEqual({
    hosts: ['b.example'],
    url: 'https://b.example',
  });
  expect(whatDiffers({ ...before, url: 'https://a.example' }, before)).toEqual({ url: null });
});
