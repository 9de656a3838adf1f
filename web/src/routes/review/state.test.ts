import { expect, test } from 'vitest';
import { nothingToReview, spanText, stateOf, timer } from './state';

const AT = '2026-12-07T10:00:00Z';
const MINUTE = 60_000;

test('what was held is held, and what was called off neither planned nor begun', () => {
  const none = { heldAt: null, calledOffAt: null, begunAt: null };
  expect(stateOf(none)).toBe('PLANNED');
  expect(stateOf({ ...none, begunAt: AT })).toBe('BEGUN');
  expect(stateOf({ ...none, calledOffAt: AT })).toBe('CALLED_OFF');
  expect(stateOf({ ...none, begunAt: AT, heldAt: AT })).toBe('HELD');
});

test('only what was declared an incident is reviewed', () => {
  expect(nothingToReview({ status: 'RESOLVED', declaredAt: AT })).toBeUndefined();
  expect(nothingToReview({ status: 'TRIAGE', declaredAt: null })).toBe('notDeclared');
  expect(nothingToReview({ status: 'DECLINED', declaredAt: null })).toBe('declined');
  expect(nothingToReview({ status: 'MERGED', declaredAt: AT })).toBe('merged');
});

test('a time has its day once', () => {
  expect(spanText('2026-12-07T10:00:00', 90)).toBe('Mon 7 Dec, 10:00–11:30');
});

test('the timer goes on beyond its time, and begins at nothing', () => {
  const begun = Date.parse(AT);
  expect(timer(AT, 90, begun + 30 * MINUTE)).toEqual({ elapsed: 30 * MINUTE, left: 60 * MINUTE });
  expect(timer(AT, 90, begun + 95 * MINUTE).left).toBe(-5 * MINUTE);
  expect(timer(AT, 90, begun - MINUTE)).toEqual({ elapsed: 0, left: 90 * MINUTE });
});
