import { expect, test } from 'vitest';
import { conflictOf, headline, shown, siteIdsIn } from './conflict';

const NOW = Date.parse('2026-11-29T04:00:00Z');
const refused = (more: Record<string, unknown>) => ({ code: 'CONFLICT', words: 'Kim was faster.', more });
const kim = (present: Record<string, unknown>) =>
  conflictOf(
    refused({
      currentVersion: 9,
      by: { id: 'per_1', name: 'Kim' },
      at: '2026-11-29T03:12:00Z',
      fields: Object.keys(present),
      present,
    }),
  )!;
const noNames = new Map<string, string>();

test('only what has a version to go on with can be decided', () => {
  expect(conflictOf(undefined)).toBeUndefined();
  expect(conflictOf(refused({}))).toBeUndefined();
  expect(conflictOf({ code: 'FORBIDDEN', words: '', more: { currentVersion: 9 } })).toBeUndefined();
  expect(kim({ severity: 'CRITICAL' }).version).toBe(9);
});

test('one change is said in a sentence', () => {
  expect(headline(kim({ severity: 'CRITICAL' }), noNames, NOW)).toMatch(/^Kim set the severity to critical at \d\d:12\.$/);
  expect(headline(kim({ name: 'Logs' }), noNames, NOW)).toContain('Kim set the name to “Logs” at ');
  expect(headline(kim({ summary: null }), noNames, NOW)).toContain('Kim emptied what is known at ');
  expect(headline(kim({ status: 'RESOLVED' }), noNames, NOW + 7 * 86_400_000)).toContain('29 Nov');
});

test('several changes are counted up below, and what is not known is not made up', () => {
  expect(headline(kim({ name: 'a', summary: 'b' }), noNames, NOW)).toContain('last by Kim');
  expect(headline(conflictOf(refused({ currentVersion: 9 }))!, noNames, NOW)).toBe(
    'It was changed since you looked, and Muster can’t tell what.',
  );
});

test('values are shown as people know them', () => {
  const sites = kim({ siteIds: ['sit_1'] });
  expect(siteIdsIn(sites)).toEqual(['sit_1']);
  expect(shown(sites.present[0]!, new Map([['sit_1', 'Shop']]))).toBe('Shop');
  expect(shown(['impact', { users: 7, visits: null, description: 'slow' }], noNames)).toBe('7 users, slow');
  expect(shown(['flags', []], noNames)).toBe('');
  const at = '2026-11-30T10:00:00Z';
  const plan = { startsAt: at, durationMinutes: 90, place: 'Room 4', facilitatorId: 'per_1', sequence: 2 };
  expect(shown(['reviewPlan', plan], noNames)).toMatch(/30 November 2026.*, 1 h 30 min, Room 4$/);
  const outcome = { heldAt: at, notes: 'We watch the disk.', recordingUrl: null, noFollowUps: false, fileIds: [] };
  expect(shown(['reviewOutcome', outcome], noNames)).toMatch(/30 November 2026.*, “We watch the disk.”$/);
  expect(headline(kim({ reviewPlan: null }), noNames, NOW)).toContain('Kim emptied the plan of the review at ');
});
