import { expect, test } from 'vitest';
import { isBlock, kindsFor, length, size, slashOf, splitKind, withPasted } from './compose';

test('a slash at the beginning opens the kinds, a path does not', () => {
  expect(slashOf('/')).toBe('');
  expect(slashOf('/Co')).toBe('co');
  expect(slashOf('/var/log is full')).toBeUndefined();
  expect(slashOf('see /co')).toBeUndefined();
  expect(kindsFor('c')).toEqual(['COMMAND', 'CHANGE']);
});

test('a kind typed out is taken with its first space', () => {
  expect(splitKind('/command df -h')).toEqual({ kind: 'COMMAND', rest: 'df -h' });
  expect(splitKind('/var is full')).toBeUndefined();
});

test('pasted output becomes a block', () => {
  expect(withPasted('', 0, 0, '$ df\r\nfull\n').text).toBe('```\n$ df\nfull\n```\n');
  expect(withPasted('On web-1:', 9, 9, 'a\nb').text).toBe('On web-1:\n```\na\nb\n```\n');
  const inside = '```\n\n```';
  expect(withPasted(inside, 4, 4, 'a\nb').text).toBe('```\na\nb\n```');
  expect(isBlock('one line')).toBe(false);
  expect(isBlock('two\nlines')).toBe(true);
});

test('characters are counted as the server counts them', () => {
  expect(length('😀'.repeat(30_000))).toBe(30_000);
  expect(length('ab')).toBe(2);
});

test('sizes are said in words', () => {
  expect([size(12), size(1_400), size(26_214_400)]).toEqual(['12 B', '1.4 kB', '26.2 MB']);
});
