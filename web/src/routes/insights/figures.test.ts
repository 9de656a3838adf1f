import { expect, test } from 'vitest';
import { bars, file, lastMonths, ofKnown, span } from './figures';

test('a histogram begins and ends where there is something, and leaves no gap out', () => {
  const histogram = [60, 300, 900, 1_800, null].map((below, index) => ({ below, count: [0, 2, 0, 5, 0][index] ?? 0 }));
  expect(bars(histogram)).toEqual([
    { label: '1 min to 5 min', count: 2 },
    { label: '5 min to 15 min', count: 0 },
    { label: '15 min to 30 min', count: 5 },
  ]);
  expect(bars(histogram.map(({ below }) => ({ below, count: 0 })))).toEqual([]);
});

test('the ends of a histogram are open', () => {
  expect(bars([60, null].map((below) => ({ below, count: 1 })))).toEqual([
    { label: 'under 1 min', count: 1 },
    { label: '1 min or more', count: 1 },
  ]);
});

test('what is not known is no number', () => {
  expect(span(null)).toBe('–');
  expect(span(0)).toBe('0 s');
  expect(ofKnown({ inTime: 18, late: 2, unknown: 3, share: 0.9 })).toBe('18 of 20');
});

test('months are whole, but for this one', () => {
  const now = new Date(2026, 0, 15, 12).getTime();
  expect(lastMonths(1, now)).toEqual({ from: '2026-01-01', to: '2026-01-15' });
  expect(lastMonths(12, now)).toEqual({ from: '2025-02-01', to: '2026-01-15' });
});

test('the address of a file has what was asked', () => {
  expect(file('pages', { from: '2026-01-01', to: '2026-01-31', severity: undefined })).toBe(
    '/insights/pages.csv?from=2026-01-01&to=2026-01-31',
  );
});
