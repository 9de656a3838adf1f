import { expect, test } from 'vitest';
import { cronLine, curlLine, seconds, spoken, tone } from './heartbeat';

test('times are said in the largest unit that leaves no rest', () => {
  expect(spoken(86_400)).toEqual({ amount: 1, unit: 'days' });
  expect(spoken(90_000)).toEqual({ amount: 25, unit: 'hours' });
  expect(spoken(5_400)).toEqual({ amount: 90, unit: 'minutes' });
  expect(spoken(90)).toEqual({ amount: 1.5, unit: 'minutes' });
  for (const known of [60, 90, 3_600, 5_400, 604_800]) {
    const { amount, unit } = spoken(known);
    expect(seconds(amount, unit)).toBe(known);
  }
});

test('what a job calls can be pasted as it is', () => {
  const url = 'https://muster.example.org/hooks/heartbeat/nightly-backup/secret';
  expect(curlLine(url)).toBe(`curl -fsS -m 10 --retry 5 --retry-connrefused -o /dev/null ${url}`);
  expect(cronLine(url)).toContain(`"${url}?exit=$?"`);
  // It would end the line there.
  expect(cronLine(url)).not.toContain('%');
});

test('only what needs somebody is red', () => {
  expect((['WAITING', 'BEATING', 'LATE', 'SILENT', 'FAILED', 'PAUSED'] as const).map(tone)).toEqual([
    'plain',
    'good',
    'warn',
    'danger',
    'danger',
    'plain',
  ]);
});
