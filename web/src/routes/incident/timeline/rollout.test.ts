import { expect, test } from 'vitest';
import { rolloutWords } from './rollout';

test('a change says how it was tried, and which way it went live', () => {
  expect(rolloutWords({ tried: 'on staging', deployed: 'NORMAL', reason: null })).toBe(
    'Tried first: on staging; went live the usual way.',
  );
  expect(rolloutWords({ tried: null, deployed: 'BYPASS', reason: 'The pipeline was down.' })).toBe(
    'Not tried first; bypassed the usual way, because: The pipeline was down.',
  );
});
