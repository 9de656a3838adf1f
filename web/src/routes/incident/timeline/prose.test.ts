import { expect, test } from 'vitest';
import { blocksOf, folded, isLong, oneLine, partsOf } from './prose';

test('code is set apart from what is said about it', () => {
  expect(blocksOf('On web-1:\n```sh\n$ df -h\nfull\n```\nSo we know.')).toEqual([
    { is: 'text', parts: [{ text: 'On web-1:' }] },
    { is: 'code', text: '$ df -h\nfull', lines: 2 },
    { is: 'text', parts: [{ text: 'So we know.' }] },
  ]);
});

test('a command without fences is code', () => {
  expect(blocksOf('uptime', true)).toEqual([{ is: 'code', text: 'uptime', lines: 1 }]);
});

test('long output is folded', () => {
  const text = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\n');
  expect(isLong({ text, lines: 200 })).toBe(true);
  expect(folded(text).split('\n')).toHaveLength(12);
  expect(isLong({ text: 'x', lines: 1 })).toBe(false);
});

test('addresses are links, without the full stop after them; nothing else is', () => {
  expect(partsOf('See https://example.org/a?b=1.')).toEqual([
    { text: 'See ' },
    { text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
    { text: '.' },
  ]);
  expect(partsOf('javascript:alert(1) <b>')).toEqual([{ text: 'javascript:alert(1) <b>' }]);
});

test('one line of it has no fences and an end', () => {
  expect(oneLine('a\n```\nb\n```')).toBe('a b');
  expect(oneLine('x'.repeat(300), 10)).toBe('xxxxxxxxx…');
});
