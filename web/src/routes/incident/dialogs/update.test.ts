import { expect, test, vi } from 'vitest';
import type { Editable } from './update';

// Only the network is left out.
vi.mock('$lib/api/live.svelte', () => ({ ask: vi.fn(), change: vi.fn() }));
const { ask, change } = await import('$lib/api/live.svelte');
const { overlap, update } = await import('./update');
const { changesOf, fieldsOf } = await import('./details');

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
const conflict = { problem: { code: 'CONFLICT', words: 'Somebody was faster.', more: {} } };

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

test('others changed the same field or another one', () => {
  expect(overlap({ name: 'Mine' }, base, { ...base, version: 9, summary: 'x' })).toEqual([]);
  expect(overlap({ siteIds: [] }, base, { ...base, sites: [] })).toEqual(['sites']);
});

test('a conflict about something else is no conflict', async () => {
  const now = { ...base, version: 9, summary: 'by somebody else' };
  vi.mocked(change)
    .mockResolvedValueOnce(conflict)
    .mockResolvedValueOnce({ data: { updateIncident: { incident: now } } });
  vi.mocked(ask).mockResolvedValueOnce({ data: { node: now } });
  expect((await update(base, { name: 'Mine' })).problem).toBeUndefined();
  expect(vi.mocked(change).mock.lastCall?.[1]).toMatchObject({ input: { expectedVersion: 9, name: 'Mine' } });
});

test('a conflict about the same field is shown with what others made of it', async () => {
  const now = { ...base, version: 9, name: 'Theirs' };
  vi.mocked(change).mockResolvedValueOnce(conflict);
  vi.mocked(ask).mockResolvedValueOnce({ data: { node: now } });
  expect(await update(base, { name: 'Mine' })).toMatchObject({ changed: ['name'], now: { name: 'Theirs' } });
});
