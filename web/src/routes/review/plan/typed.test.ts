import { expect, test } from 'vitest';
import type { Review } from '../review';
import { facilitators } from './facilitators';
import { lengths, NOTHING, planOf, restored, typedOf, wishesOf } from './typed';

const ada = { id: 'per_1', name: 'Ada' };
const bo = { id: 'per_2', name: 'Bo' };
const proposed = { startsAt: '2026-12-07T10:00:00Z', durationMinutes: 90 };

test('nothing chosen is nothing asked for', () => {
  expect(wishesOf('inc_1', NOTHING)).toEqual({
    incidentId: 'inc_1',
    startsAt: null,
    durationMinutes: null,
    facilitatorId: null,
    noteTakerId: null,
    seniorOutsiderId: null,
    extraAttendeeIds: [],
  });
});

test('the plan takes what the server proposed where nothing else was chosen', () => {
  const typed = { ...NOTHING, facilitatorId: ada.id, noteTakerId: bo.id, place: '  ', reason: ' We must. ' };
  expect(planOf('inc_1', typed, proposed)).toMatchObject({ ...proposed, place: null, overrideReason: 'We must.' });
  const other = { ...typed, startsAt: '2026-12-08T10:00:00Z', minutes: '120' };
  expect(planOf('inc_1', other, proposed)).toMatchObject({ startsAt: '2026-12-08T10:00:00Z', durationMinutes: 120 });
});

test('a plan to change has only those in its list who were added by hand', () => {
  const attendees = [
    { person: ada, expectation: 'MUST', reason: 'leads the review', answer: null },
    { person: bo, expectation: 'MAY', reason: 'was added by hand', answer: 'YES' },
  ];
  const review = { ...proposed, place: 'Room 1', facilitator: ada, noteTaker: bo, seniorOutsider: null, overrideReason: null };
  expect(typedOf({ ...review, attendees } as unknown as Review)).toMatchObject({
    minutes: '90',
    facilitatorId: ada.id,
    seniorId: '',
    also: [{ id: bo.id, label: 'Bo' }],
  });
});

test('what was kept comes back, and what is not of this form does no harm', () => {
  expect(restored(JSON.stringify({ ...NOTHING, place: 'Room 1' }), NOTHING).place).toBe('Room 1');
  expect(restored('{"place":"Room 1"}', NOTHING)).toEqual({ ...NOTHING, place: 'Room 1' });
  expect(restored('', NOTHING)).toEqual(NOTHING);
});

test('the length there is can be chosen', () => {
  expect(lengths(100)).toContain(100);
  expect(lengths(90).filter((each) => each === 90)).toHaveLength(1);
});

test('candidates come first, and nobody twice', () => {
  const option = ({ id, name }: typeof ada, hint: string) => ({ id, label: name, hint });
  const candidates = [option(bo, 'never led one')];
  const found = [option(ada, 'Responder'), option(bo, 'Responder')];
  expect(facilitators(candidates, found, '')).toEqual([candidates[0], found[0]]);
  expect(facilitators(candidates, [found[0]!], 'a')).toEqual([found[0]]);
});
