import { expect, test } from 'vitest';
import { isSubscription, remembered, titleOf, variablesOf } from './documents';

const run = (document: string, variables = '') => ({ document, variables });

test('a subscription is told from what is answered once', () => {
  expect(isSubscription('subscription { incidentChanged { id } }')).toBe(true);
  expect(isSubscription('{ viewer { can } }')).toBe(false);
  expect(isSubscription('subscription {')).toBe(false);
});

test('no variables are an empty object, and what is no JSON is refused', () => {
  expect(variablesOf(' ')).toEqual({});
  expect(variablesOf('{"first": 3}')).toEqual({ first: 3 });
  expect(() => variablesOf('{first')).toThrow();
});

test('what is run again comes first, once, and only the newest are kept', () => {
  const before = [run('a'), run('b'), run('a', '{"x": 1}')];
  expect(remembered(before, run('b'))).toEqual([run('b'), run('a'), run('a', '{"x": 1}')]);
  const many = Array.from({ length: 30 }, (_, i) => run(`q${i}`));
  expect(many.reduce(remembered, []).map(titleOf).slice(0, 2)).toEqual(['q29', 'q28']);
  expect(many.reduce(remembered, [])).toHaveLength(20);
});

test('a run is called by what it asks, without its comments', () => {
  expect(titleOf(run('# What is live\n{\n  incidents { nodes { name } }\n}'))).toBe('{ incidents { nodes { name } } }');
  expect(titleOf(run(`{ ${'a'.repeat(80)} }`))).toHaveLength(60);
});
