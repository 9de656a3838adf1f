import { expect, test } from 'vitest';
import { lossOf, placeOf } from './reading';

test('what would be lost is said: sites first, then what they say', () => {
  const loss = { knownCount: 120, goneCount: 80, emptiedField: 'RUNBOOK' as const, emptiedCount: 40 };
  expect(lossOf(loss)).toBe('Airtable lists 40 of 120 sites.');
  expect(lossOf({ ...loss, goneCount: 2 })).toBe('At Airtable, 40 of 120 sites have lost what they said: Runbook.');
  expect(lossOf({ ...loss, goneCount: 0, emptiedField: null, emptiedCount: 0 })).toBe('Airtable lists 120 of 120 sites.');
});

test('a note says where it is', () => {
  expect(placeOf({ site: 'Shop', field: 'URL', problem: '' })).toBe('Shop, URL');
  expect(placeOf({ site: null, field: null, problem: '' })).toBe('');
});
