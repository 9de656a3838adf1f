import { expect, test } from 'vitest';
import type { DeliveryState } from '../../settings/names';
import { canPublish, leaveOf, outcomeOf } from './outcome';
import { download, fromAddress, inAddress } from './audience';

const gone = (state: DeliveryState, sha256 = 'a', at = '2026-11-29T10:00:00Z', id: string | null = 'cli_1') => ({
  sha256,
  publishedAt: at,
  client: id === null ? null : { id },
  delivery: { state },
});
const LATER = '2026-11-29T12:00:00Z';
const approval = { approvedAt: LATER, note: null, approvedBy: { id: 'per_1', name: 'Ada' } };

test('a version may leave while its approval holds', () => {
  expect(leaveOf({ approval, lastApproval: approval })).toEqual({ is: 'approved', by: approval });
  expect(leaveOf({ approval: null, lastApproval: approval })).toEqual({ is: 'changed', by: approval });
  expect(leaveOf({ approval: null, lastApproval: null })).toEqual({ is: 'unapproved' });
});

test('a destination stands as the delivery that needs somebody most', () => {
  const is = (...states: DeliveryState[]) =>
    outcomeOf(
      states.map((state) => gone(state)),
      'cli_1',
      'a',
    ).is;
  expect(is()).toBe('none');
  expect(is('DELIVERED', 'QUEUED', 'BY_HAND', 'FAILED')).toBe('failed');
  expect(is('DELIVERED', 'QUEUED', 'BY_HAND')).toBe('byHand');
  expect([is('DELIVERED', 'RETRYING'), is('SENDING')]).toEqual(['waiting', 'waiting']);
  expect([is('DELIVERED', 'CANCELLED'), is('DONE_BY_HAND')]).toEqual(['delivered', 'delivered']);
  expect(is('CANCELLED')).toBe('calledOff');
  // Viewers don't learn how.
  expect(outcomeOf([{ ...gone('FAILED'), delivery: null }], 'cli_1', 'a').is).toBe('published');
});

test('what was published last counts, of each destination by itself', () => {
  const all = [
    gone('FAILED'),
    gone('DELIVERED', 'b', LATER),
    gone('BY_HAND', 'b', LATER, null),
    gone('QUEUED', 'b', LATER, 'cli_2'),
  ];
  expect(outcomeOf(all, 'cli_1', 'b')).toEqual({ is: 'delivered', latest: [all[1]], isOld: false });
  expect(outcomeOf(all, null, 'b').is).toBe('byHand');
  expect(outcomeOf(all, 'cli_3', 'b').is).toBe('none');
});

test('what reads otherwise by now can be published again, and the same text cannot', () => {
  expect(canPublish(outcomeOf([gone('DELIVERED')], 'cli_1', 'a'))).toBe(false);
  expect(canPublish(outcomeOf([gone('DELIVERED')], 'cli_1', 'b'))).toBe(true);
  expect(canPublish(outcomeOf([gone('CANCELLED')], 'cli_1', 'a'))).toBe(true);
  // Nothing is known of it yet.
  expect(canPublish(outcomeOf([gone('DELIVERED')], 'cli_1', undefined))).toBe(false);
});

test('an address names a version, a client by its id', () => {
  const client = { id: 'cli_1', name: 'Example Ltd' };
  expect(fromAddress('cli_1', [client])).toEqual({ version: 'CLIENT', client });
  expect([fromAddress('ABRIDGED', []).version, fromAddress('cli_2', [client]).version]).toEqual(['ABRIDGED', 'FULL']);
  expect(inAddress({ version: 'CLIENT', client })).toBe('cli_1');
  expect(download('INC-7', 'pdf', { version: 'CLIENT', client })).toBe('/incidents/INC-7/report.pdf?version=CLIENT&client=cli_1');
  expect(download('INC-7', 'md', { version: 'FULL' })).toBe('/incidents/INC-7/report.md?version=FULL');
});
