import { expect, test } from 'vitest';
import { lineAt, since, tone } from './posts';

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
