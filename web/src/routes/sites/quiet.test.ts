import { expect, test } from 'vitest';
import { ahead, isOn } from './quiet';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 3, minute)).toISOString();
const now = Date.parse(at(30));

test('a window is on from its start up to its end', () => {
  expect(isOn({ startsAt: at(30), endsAt: at(31) }, now)).toBe(true);
  expect(isOn({ startsAt: at(20), endsAt: at(30) }, now)).toBe(false);
  expect(isOn({ startsAt: at(31), endsAt: at(40) }, now)).toBe(false);
});

test('what is over or was called off is not shown', () => {
  const [over, on, toCome, calledOff] = [
    { startsAt: at(10), endsAt: at(30) },
    { startsAt: at(10), endsAt: at(31) },
    { startsAt: at(40), endsAt: at(50) },
    { startsAt: at(40), endsAt: at(35) },
  ];
  expect(ahead([over, on, toCome, calledOff], now)).toEqual([on, toCome]);
});
