import { expect, test } from 'vitest';
import { changesOf, fieldsOf, takeTheirs } from './details';
import type { Editable } from './update';

const base: Editable = {
  id: 'inc_1',
  version: 7,
  name: 'Disk full',
  summary: null,
  clientName: null,
  flags: [],
  visibility: 'OPEN',
  impactStartedAt: '2026-11-29T09:00:00Z',
  impactEndedAt: null,
  impact: { description: null, requests: null, users: null, visits: null },
  sites: [{ id: 'sit_1', name: 'Shop' }],
};

test('nothing typed is nothing changed', () => {
  expect(changesOf(base, fieldsOf(base))).toEqual({});
});

test('only what was changed is sent', () => {
  const typed = { ...fieldsOf(base), summary: 'Logs', sites: [], users: 12 };
  expect(changesOf(base, typed)).toEqual({
    summary: 'Logs',
    siteIds: [],
    impact: { description: null, requests: null, users: 12, visits: null },
  });
});

test('of what others changed theirs can stand, and the rest of mine is still a change', () => {
  const now = { ...base, version: 9, summary: 'Theirs', impact: { ...base.impact, users: 7 } };
  const mine = { ...fieldsOf(base), summary: 'Mine', users: 12, clientName: 'Slow shop' };
  const next = takeTheirs(['summary', 'impact'], now, base, mine);
  expect(next.typed).toMatchObject({ summary: 'Theirs', users: 7, clientName: 'Slow shop' });
  expect(changesOf(next.base, next.typed)).toEqual({ clientName: 'Slow shop' });
});
