import { expect, test } from 'vitest';
import { below, chosen, meet, theirsOf } from './saving';

const base = { version: 2, body: 'The disk was full.' };
const typing = { text: 'The disk was full, as logs grew.', isDirty: true, base, sent: undefined };

test('what is known changes nothing while somebody types', () => {
  expect(meet(typing, base)).toBe('nothing');
  expect(meet(typing, { version: 1, body: 'Older.' })).toBe('nothing');
});

test('who has typed nothing new follows the others', () => {
  const reading = { ...typing, text: base.body, isDirty: false };
  expect(meet(reading, { version: 3, body: 'Theirs.' })).toBe('follow');
  // Facts move a section that nobody has written, under the same version.
  expect(meet(reading, { version: 2, body: 'Facts.' })).toBe('follow');
  // The server trims; the line that is about to be typed stays.
  expect(meet({ ...reading, text: `${base.body}\n\n` }, { version: 3, body: base.body })).toBe('same');
});

test('two new texts are a conflict', () => {
  expect(meet(typing, { version: 3, body: 'Theirs.' })).toBe('conflict');
});

test('an answer that was lost makes no conflict with oneself', () => {
  expect(meet(typing, { version: 3, body: typing.text })).toBe('same');
  expect(meet({ ...typing, sent: 'The disk was full, as\n' }, { version: 3, body: 'The disk was full, as' })).toBe('goOn');
});

test('who changed only where the section appears is in nobody’s way', () => {
  expect(meet(typing, { version: 3, body: base.body })).toBe('goOn');
});

test('a refusal tells of the other text', () => {
  const more = { currentVersion: 3, present: { body: 'Theirs.' }, by: { id: 'per_1', name: 'Kim' } };
  expect(theirsOf({ code: 'CONFLICT', words: '', more })).toEqual({ version: 3, body: 'Theirs.', by: 'Kim' });
  expect(theirsOf({ code: 'CONFLICT', words: '', more: { ...more, by: null } })?.by).toBeUndefined();
  expect(theirsOf({ code: 'FAILED_PRECONDITION', words: '', more })).toBeUndefined();
});

test('no choice loses a text', () => {
  expect(chosen('below', 'Mine.\n', 'Theirs.')).toEqual({ text: 'Mine.\n\nTheirs.', aside: undefined });
  expect(chosen('theirs', 'Mine.', 'Theirs.')).toEqual({ text: 'Theirs.', aside: 'Mine.' });
  expect(chosen('mine', 'Mine.', 'Theirs.')).toEqual({ text: 'Mine.', aside: undefined });
  expect(below('', 'Theirs.')).toBe('Theirs.');
});
