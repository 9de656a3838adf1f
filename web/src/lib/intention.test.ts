import { beforeEach, expect, test, vi } from 'vitest';
import { Intention } from './intention';

const storage = (kept: Map<string, string>) => ({
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => void kept.set(name, value),
  removeItem: (name: string) => void kept.delete(name),
});
beforeEach(() => vi.stubGlobal('localStorage', storage(new Map())));

test('the same content has the same key, whatever was tried in between', () => {
  const intention = new Intention('comment');
  const key = intention.keyFor({ text: 'a', clients: ['cli_1'] });
  expect(intention.keyFor({ text: 'a', clients: ['cli_1'] })).toBe(key);
  // Chosen, not typed.
  expect(intention.keyFor({ text: 'a', clients: ['cli_2'] })).not.toBe(key);
});

test('a reload does not forget it, and what is over does not come back', () => {
  const intention = new Intention('comment');
  const key = intention.keyFor('a');
  expect(new Intention('comment').keyFor('a')).toBe(key);
  expect(new Intention('another').keyFor('a')).not.toBe(key);
  intention.over();
  expect(intention.keyFor('a')).not.toBe(key);
  intention.over();
  expect(new Intention('comment').keyFor('a')).not.toBe(key);
});

test('without storage it lasts as long as the page', () => {
  vi.stubGlobal('localStorage', undefined);
  const intention = new Intention('comment');
  expect(intention.keyFor('a')).toBe(intention.keyFor('a'));
  intention.over();
});
