import { expect, it } from 'vitest';
import { daysLeft, grouped } from './groups';

const NOW = new Date(2026, 10, 29, 23, 30).getTime();
const open = (id: string, dueOn: string | null) => ({ id, state: 'OPEN', dueOn, settledAt: null });
const settled = (id: string, day: number) => ({ id, state: 'DONE', dueOn: null, settledAt: `2026-11-${day}T10:00:00Z` });

it('counts days as the reader sees them', () => {
  expect(daysLeft('2026-11-29', NOW)).toBe(0);
  expect(daysLeft('2026-11-30', NOW)).toBe(1);
  expect(daysLeft('2026-11-27', NOW)).toBe(-2);
});

it('groups by how soon it is due', () => {
  const all = [
    open('later', '2026-12-10'),
    open('undated', null),
    open('today', '2026-11-29'),
    open('late', '2026-11-28'),
    open('later still', '2027-01-10'),
    open('very late', '2026-11-01'),
    settled('done', 20),
    settled('just done', 28),
    { ...settled('forgotten', 20), settledAt: '2026-09-01T10:00:00Z' },
  ];
  expect(grouped(all, NOW).map(({ group, followUps }) => [group, followUps.map(({ id }) => id)])).toEqual([
    ['overdue', ['very late', 'late']],
    ['week', ['today']],
    ['later', ['later', 'later still']],
    ['undated', ['undated']],
    ['done', ['just done', 'done']],
  ]);
});
