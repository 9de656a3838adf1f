import { expect, test } from 'vitest';
import { fromLocal, toLocal } from './local';

test('a moment survives the way through an input', () => {
  const at = '2026-11-29T08:30:12.000Z';
  expect(fromLocal(toLocal(at))).toBe(at);
});

test('nothing is nothing', () => {
  expect(toLocal(null)).toBe('');
  expect(fromLocal('')).toBeNull();
});
