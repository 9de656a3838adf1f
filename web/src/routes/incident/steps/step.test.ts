import { expect, test } from 'vitest';
import { canSettle, deedOf, nextTurn, turnOf } from './step';

const step = (dueAt: string, overdueAt: string | null, state = 'UPCOMING') => ({ dueAt, overdueAt, state });

test('each rule has its deed; what no mutation does is settled with a note', () => {
  expect(deedOf('lead')).toEqual({ is: 'role', role: 'INCIDENT_LEAD' });
  expect(deedOf('client-closing').is).toBe('tell');
  expect(deedOf('stop-or-continue').is).toBe('settle');
  expect(['report-draft', 'report-circulated', 'report-final'].map((rule) => deedOf(rule).is)).toEqual(Array(3).fill('report'));
  expect(deedOf('schedule-review').is).toBe('review');
  expect(['client-report', 'abridged-report'].map((rule) => deedOf(rule).is)).toEqual(['publish', 'publish']);
  expect([canSettle('report-final'), canSettle('schedule-review'), canSettle('client-report')]).toEqual([false, false, true]);
  expect([canSettle('handover'), canSettle('general-notice'), canSettle('summary')]).toEqual([true, true, false]);
});

test('the next turn is the first that is still to come', () => {
  const now = Date.parse('2026-11-29T10:00:00Z');
  const steps = [
    step('2026-11-29T09:00:00Z', '2026-11-29T10:30:00Z', 'DUE'),
    step('2026-11-29T10:15:00Z', null),
    step('2026-11-29T10:05:00Z', null, 'DONE'),
  ];
  expect(nextTurn(steps, now)).toBe(Date.parse('2026-11-29T10:15:00Z'));
  expect(nextTurn([], now)).toBeUndefined();
});

test('a step has been overdue since it became so', () => {
  const late = step('2026-11-29T09:00:00Z', '2026-11-29T09:30:00Z');
  expect(turnOf(late, 'OVERDUE')).toBe(late.overdueAt);
  expect(turnOf(late, 'DUE')).toBe(late.dueAt);
});
