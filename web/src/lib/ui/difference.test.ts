import { expect, test } from 'vitest';
import { differenceOf, shortened, type Part } from './difference';

const of = (parts: Part[], change: Part['change']) => parts.filter((part) => part.change !== change).map((part) => part.text);

test('both texts can be read from the difference', () => {
  const [before, after] = ['The disk was full.\n\nNobody saw it.', 'The disk was full, as logs grew.\n\nNobody saw it.'];
  const parts = differenceOf(before, after);
  expect(of(parts, 'ADDED').join('')).toBe(before);
  expect(of(parts, 'REMOVED').join('')).toBe(after);
  expect(parts.some((part) => part.change === 'KEPT')).toBe(true);
});

test('what is far from a change is left out, what is near stays', () => {
  const long = 'word '.repeat(200);
  const [first, , last] = shortened(
    differenceOf(`${long}old ${long}`, `${long}new ${long}`).filter((p) => p.change !== 'REMOVED'),
  );
  expect(first!.text.length).toBeLessThan(130);
  expect(first!.text.startsWith('…')).toBe(true);
  expect(last!.text.endsWith('…')).toBe(true);
  expect(shortened([{ change: 'KEPT', text: 'short' }])).toEqual([{ change: 'KEPT', text: 'short' }]);
});
