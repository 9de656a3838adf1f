import { describe, expect, it } from 'vitest';
import { asksOf, began, foremost, inOrder, oneLine } from './incident';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const step = (title: string, dueAt: string, overdueAt: string | null = null) => ({
  title,
  state: 'DUE' as const,
  dueAt: `2026-11-29T${dueAt}:00Z`,
  overdueAt: overdueAt && `2026-11-29T${overdueAt}:00Z`,
});
const incident = (severity: 'CRITICAL' | 'MAJOR', reportedAt: string, nextSteps: ReturnType<typeof step>[] = []) => ({
  severity,
  reportedAt: `2026-11-29T${reportedAt}:00Z`,
  declaredAt: null,
  impactStartedAt: null,
  nextSteps,
});

describe('the order of the board', () => {
  it('puts the worst first, then the longest overdue, then the oldest', () => {
    const oldMajor = incident('MAJOR', '01:00', [step('summary', '08:00', '08:10')]);
    const calm = incident('CRITICAL', '02:00', [step('later', '11:00')]);
    const young = incident('CRITICAL', '09:00', [step('page', '09:10', '09:20')]);
    const older = incident('CRITICAL', '08:00', [step('summary', '09:30', '09:40')]);
    const calmToo = incident('CRITICAL', '03:00');
    expect(inOrder([oldMajor, calmToo, calm, older, young], NOW)).toEqual([young, older, calm, calmToo, oldMajor]);
  });

  it('moves when something falls overdue', () => {
    const a = incident('MAJOR', '01:00');
    const b = incident('MAJOR', '02:00', [step('summary', '09:50', '10:30')]);
    expect(inOrder([b, a], NOW)).toEqual([a, b]);
    expect(inOrder([b, a], NOW + 3_600_000)).toEqual([b, a]);
  });
});

it('shows the step that is overdue longest, and counts the others', () => {
  const [first, second, coming] = [step('a', '08:00', '09:00'), step('b', '08:30', '08:40'), step('c', '12:00')];
  expect(foremost([coming, first, second], NOW)).toEqual({ step: second, othersOverdue: 1 });
  expect(foremost([coming], NOW)).toEqual({ step: coming, othersOverdue: 0 });
  expect(foremost([], NOW)).toEqual({ step: undefined, othersOverdue: 0 });
});

it('counts from the earliest time that is known', () => {
  const reportedAt = '2026-11-29T09:00:00Z';
  expect(began({ reportedAt, declaredAt: '2026-11-29T09:10:00Z', impactStartedAt: '2026-11-29T08:00:00Z' })).toBe(
    Date.parse('2026-11-29T08:00:00Z'),
  );
  expect(began({ reportedAt, declaredAt: null, impactStartedAt: null })).toBe(Date.parse(reportedAt));
});

it('makes one line of Markdown', () => {
  expect(oneLine('Restarted:\n```sh\nsystemctl restart\n```\n')).toBe('Restarted: systemctl restart');
});

it('finds what waits for one person', () => {
  const page = (id: string, answeredAt: string | null) => ({ id: 'pag_1', answeredAt, lostAt: null, person: { id } });
  const offer = { id: 'off_1', role: 'INCIDENT_LEAD' as const, state: 'OPEN' as const, offeredBy: null, person: { id: 'me' } };
  expect(asksOf({ pages: [page('me', null)], roleOffers: [offer] }, 'me')).toEqual({ isPaged: true, offers: [offer] });
  expect(asksOf({ pages: [page('me', '2026-11-29T09:00:00Z'), page('you', null)], roleOffers: [] }, 'me').isPaged).toBe(false);
});
