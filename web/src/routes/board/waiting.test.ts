import { expect, it } from 'vitest';
import { sorted } from './waiting';

const row = (operation: string, hour: number, id = 'inc_1') => ({
  operation,
  state: 'BY_HAND',
  createdAt: `2026-11-29T0${hour}:00:00Z`,
  incident: { id },
});

it('groups by incident, those with people to reach first, then the oldest, and puts reminders aside', () => {
  const [ticket, notice, page] = [row('parent-ticket', 1), row('notice', 3), row('page', 4)];
  const other = row('parent-ticket', 0, 'inc_2');
  const [reminder, older] = [row('remind', 2), row('remind', 1, 'inc_2')];
  expect(sorted([other, notice, reminder, page, ticket, older])).toEqual({
    groups: [
      { incident: { id: 'inc_1' }, needed: [page, ticket, notice] },
      { incident: { id: 'inc_2' }, needed: [other] },
    ],
    reminders: [older, reminder],
  });
});
