import { expect, test } from 'vitest';
import { placeOf, stands } from './quote';

test('a passage stands as it is read, and as it is written', () => {
  const body = 'The **disk** was\nfull.\n\n- Nobody saw it.';
  expect(stands(body, 'The disk was full.')).toBe(true);
  expect(stands(body, 'The **disk** was')).toBe(true);
  // Selected over the end of a paragraph.
  expect(stands(body, 'full.\n\nNobody saw')).toBe(true);
});

test('a passage that was rewritten is gone', () => {
  expect(stands('The disk was nearly full.', 'The disk was full.')).toBe(false);
  expect(stands('Anything', '  ')).toBe(false);
});

test('a passage is found across pieces', () => {
  const pieces = ['The ', 'disk', ' was full.', 'Nobody saw it.'];
  expect(placeOf(pieces, 'disk was')).toEqual({ from: { piece: 1, at: 0 }, to: { piece: 2, at: 3 } });
  expect(placeOf(pieces, 'full. Nobody')).toEqual({ from: { piece: 2, at: 5 }, to: { piece: 3, at: 5 } });
  expect(placeOf(pieces, 'empty')).toBeUndefined();
});
