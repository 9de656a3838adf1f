import { expect, test } from 'vitest';
import { linesOf } from './simulation';

const step = (rule: string, hour: number, title = rule) => ({
  rule,
  title,
  audience: ['INCIDENT_LEAD'],
  dueAt: new Date(hour * 3_600_000).toISOString(),
});

test('what is asked for again and again is one line, in the order of the first time', () => {
  const lines = linesOf([step('lead', 0), step('summary', 1), step('summary', 2), step('leadership', 2, 'Tell the DPO')], 0, 4);
  expect(lines.map(({ title, at }) => [title, at])).toEqual([
    ['lead', [0]],
    ['summary', [0.25, 0.5]],
    ['Tell the DPO', [0.5]],
  ]);
  expect(lines[1]).toMatchObject({ firstAt: new Date(3_600_000).toISOString(), firstAfter: 3_600_000 });
});

test('what is due outside the picture is at its edge', () => {
  expect(linesOf([step('late', 9), step('early', -1)], 0, 4).map(({ at }) => at)).toEqual([[1], [0]]);
});
