import { expect, test } from 'vitest';
import { addDays, monday, weeksOf, type Stretch } from './rota';

const kim = { id: 'per_1', name: 'Kim' };
const alex = { id: 'per_2', name: 'Alex' };
const start = new Date(2026, 10, 23);
const at = (day: number, hour = 0) => new Date(2026, 10, 23 + day, hour).toISOString();
const shift = (person: typeof kim, from: string, to: string | null, line: Stretch['line'] = 'FIRST'): Stretch => ({
  line,
  person,
  startsAt: from,
  endsAt: to,
});

test('a week begins on Monday, also for a Sunday night', () => {
  expect(monday(new Date(2026, 10, 29, 23, 59))).toEqual(start);
  expect(monday(start)).toEqual(start);
});

test('a shift over the end of a week is in both, cut where the week ends', () => {
  const [first, second] = weeksOf([shift(kim, at(5), at(9, 12))], start, 2, start.getTime() + 1e12);
  expect(first!.FIRST).toMatchObject([{ person: kim, from: 5, to: 7 }]);
  expect(second!.FIRST).toMatchObject([{ person: kim, from: 0, to: 2.5 }]);
});

test('what nobody has is a gap, but not in the past', () => {
  const [week] = weeksOf([shift(kim, at(0), at(3)), shift(alex, at(4), null)], start, 1, addDays(start, 1).getTime());
  expect(week!.FIRST.map(({ person, from, to }) => [person?.name, from, to])).toEqual([
    ['Kim', 0, 3],
    [undefined, 3, 4],
    ['Alex', 4, 7],
  ]);
  expect(week!.SECOND).toMatchObject([{ person: undefined, from: 1, to: 7 }]);
});
