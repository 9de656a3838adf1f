import { expect, test } from 'vitest';
import { came, lineAt, since, tone } from './posts';

test('what could not be read stands out', () => {
  expect((['TAKEN', 'UNREADABLE', 'FAILED'] as const).map(tone)).toEqual(['good', 'danger', 'warn']);
});

test('since when is the same question for a minute', () => {
  const now = Date.parse('2026-11-22T03:04:05Z');
  expect(since(24, now)).toBe('2026-11-21T03:04:00.000Z');
  expect(since(24, now + 54_999)).toBe(since(24, now));
});

test('a line is found in a text', () => {
  const text = 'a\n\nccc\nd';
  const found = (line: number) => text.slice(...lineAt(text, line));
  expect([1, 2, 3, 4].map(found)).toEqual(['a', '', 'ccc', 'd']);
  expect(found(9)).toBe(text);
});

test('why nothing came of alerts is said, and only what there is', () => {
  const unheard = { ignored: 0, dropped: 0, recorded: 0, quiet: 0, tooLow: 0, unjoined: 0, notFiring: 0 };
  const none = { began: 0, ended: 0, ...unheard };
  expect(came({ ...none, alarms: 2, began: 2 })).toEqual(['2 alerts: 2 new, 0 ended']);
  expect(came({ ...none, alarms: 2, began: 2, recorded: 1, tooLow: 1 })).toEqual([
    '2 alerts: 2 new, 0 ended',
    '1 only recorded, by a rule',
    '1 with a level that opens nothing',
  ]);
  expect(came({ ...none, alarms: 0, ignored: 1 })).toEqual(['No alerts in it']);
});
