import { expect, it } from 'vitest';
import { asInput, severitiesOf, severityParam } from './filter';

it('reads severities from the address and writes them back', () => {
  expect(severitiesOf('minor,critical,nonsense')).toEqual(['CRITICAL', 'MINOR']);
  expect(severitiesOf('')).toEqual([]);
  expect(severityParam(['CRITICAL', 'MINOR'])).toBe('critical,minor');
});

it('asks the server only for what is chosen', () => {
  expect(asInput({ severities: [], text: ' ', isMine: true }, undefined)).toEqual({});
  expect(asInput({ severities: ['MAJOR'], text: ' shop ', isMine: true }, 'per_1')).toEqual({
    severity: ['MAJOR'],
    text: 'shop',
    personId: 'per_1',
  });
});
