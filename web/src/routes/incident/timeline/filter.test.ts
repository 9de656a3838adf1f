import { expect, test } from 'vitest';
import type { Event } from './event';
import { countOf, filterOf, inputOf, paramsOf, passes } from './filter';

const none = filterOf(new URLSearchParams());
const event = (more: Partial<Event>) => ({ kind: 'NOTE', text: 'Disk is full', starred: false, actor: null, ...more }) as Event;

test('a filter survives the way through the address', () => {
  const filter = { kinds: ['NOTE', 'COMMAND'], starred: true, person: 'per_1', text: 'disk', reminders: true } as typeof none;
  expect(filterOf(new URLSearchParams(paramsOf(filter)))).toEqual(filter);
  expect(countOf(filter)).toBe(5);
  expect(countOf(none)).toBe(0);
});

test('reminders are hidden unless somebody asks for them', () => {
  expect(passes(event({ kind: 'PROMPT' }), none)).toBe(false);
  expect(passes(event({ kind: 'PROMPT' }), { ...none, reminders: true })).toBe(true);
  expect(passes(event({ kind: 'PROMPT' }), { ...none, kinds: ['PROMPT'] })).toBe(true);
  expect(inputOf(none).exceptKinds).toEqual(['PROMPT']);
});

test('what arrives live is held against the filter', () => {
  expect(passes(event({}), { ...none, text: 'FULL disk' })).toBe(true);
  expect(passes(event({}), { ...none, text: 'network' })).toBe(false);
  expect(passes(event({}), { ...none, kinds: ['COMMAND'] })).toBe(false);
  expect(passes(event({}), { ...none, starred: true })).toBe(false);
  expect(passes(event({ actor: { id: 'per_1', name: 'Kim' } }), { ...none, person: 'per_1' })).toBe(true);
});
