import { expect, it } from 'vitest';
import { doneSteps, isNew } from './firstSteps';

const empty = { people: { nodes: [1] }, onCall: { firstLine: null }, systems: [], sites: { nodes: [] } };

it('knows what is done by what the server says', () => {
  expect([...doneSteps(empty)]).toEqual([]);
  const mail = [{ system: 'email', connected: true }];
  expect([...doneSteps({ people: { nodes: [1, 2] }, onCall: { firstLine: {} }, systems: mail, sites: { nodes: [1] } })]).toEqual([
    'people',
    'onCall',
    'mail',
    'site',
  ]);
  expect([...doneSteps({ ...empty, systems: [{ system: 'email', connected: false }] })]).toEqual([]);
});

it('goes away with the first incident, or when nothing is left', () => {
  expect(isNew(0, 2)).toBe(true);
  expect(isNew(1, 2)).toBe(false);
  expect(isNew(0, 0)).toBe(false);
});
