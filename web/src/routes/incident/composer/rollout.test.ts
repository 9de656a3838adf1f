import { expect, test } from 'vitest';
import { changeOf, lacks } from './rollout';

const typed = { tried: '', way: '' as const, reason: '' };

test('nothing need be said of a change', () => {
  expect(lacks(typed)).toBeUndefined();
  expect(changeOf(typed)).toBeNull();
});

test('who says how it was tried says which way it went live', () => {
  expect(lacks({ ...typed, tried: 'on staging' })).toBe('way');
  expect(changeOf({ ...typed, tried: ' on staging ', way: 'NORMAL', reason: 'left from before' })).toEqual({
    tried: 'on staging',
    deployed: 'NORMAL',
    reason: null,
  });
});

test('a bypass has its reason', () => {
  expect(lacks({ ...typed, way: 'BYPASS', reason: ' ' })).toBe('reason');
  expect(changeOf({ ...typed, way: 'BYPASS', reason: 'The pipeline was down.' })).toEqual({
    tried: null,
    deployed: 'BYPASS',
    reason: 'The pipeline was down.',
  });
});
