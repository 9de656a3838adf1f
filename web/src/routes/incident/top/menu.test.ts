import { expect, test } from 'vitest';
import { began, deedsOf, ended } from './menu';

test('what may be done depends on the status and on who asks', () => {
  expect(deedsOf('TRIAGE', true)).toContain('declare');
  expect(deedsOf('FIXING', true)).toContain('resolve');
  expect(deedsOf('RESOLVED', true)).toContain('close');
  expect(deedsOf('FIXING', false)).toEqual([]);
  expect(deedsOf('MERGED', true)).toEqual([]);
});

test('it began with the first that is known', () => {
  const times = {
    impactStartedAt: '2026-11-29T09:00:00Z',
    declaredAt: '2026-11-29T09:20:00Z',
    reportedAt: '2026-11-29T09:10:00Z',
  };
  expect(began(times)).toBe(times.impactStartedAt);
  expect(began({ ...times, impactStartedAt: null })).toBe(times.reportedAt);
});

test('it ended with the impact, once it is resolved', () => {
  expect(ended({ impactEndedAt: '2026-11-29T09:50:00Z', resolvedAt: null })).toBeNull();
  expect(ended({ impactEndedAt: '2026-11-29T09:50:00Z', resolvedAt: '2026-11-29T10:00:00Z' })).toBe('2026-11-29T09:50:00Z');
});
