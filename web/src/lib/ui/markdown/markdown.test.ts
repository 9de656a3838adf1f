import { expect, test } from 'vitest';
import { plainText, safeHref, tokensOf, unescaped } from './markdown';

test('links lead to pages and mails, to nothing else', () => {
  expect(safeHref('https://example.org/a')).toBe('https://example.org/a');
  expect(safeHref('mailto:a@example.org')).toBe('mailto:a@example.org');
  for (const href of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    '/settings',
    'vbscript:x',
    ' javascript:x',
  ])
    expect(safeHref(href)).toBeUndefined();
});

test('what is named or numbered is the character', () => {
  expect(unescaped('AT&amp;T &#8212; &#x2014; &nothing; &#0;')).toBe('AT&T — — &nothing; &#0;');
});

test('HTML is text', () => {
  expect(plainText('a <b onclick=x>b</b>\n\n<script>alert(1)</script>')).toContain('<b onclick=x>b</b>');
});

test('the words are those that a reader sees', () => {
  const text = '**The disk** was [full](https://example.org).\n\n- one\n  - `two`\n\n| a | b |\n| --- | --- |\n| 1 | *2* |';
  expect(plainText(text).replace(/\s+/g, ' ').trim()).toBe('The disk was full. one two a b 1 2');
});

test('what is nested without end is a text', () => {
  expect(tokensOf('>'.repeat(20_000)).length).toBeGreaterThan(0);
});
