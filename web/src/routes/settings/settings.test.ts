import { expect, test } from 'vitest';
import { documents, isOver, lines } from './access/token';
import { canRetry, canSettle } from './delivery';
import { pairsOf } from './details';
import { withChannel } from './quiet';
import { canReplay, isMoving, MESSAGE_STATES, readable } from './webhooks/message';

test('details of the audit log read as pairs', () => {
  const details = {
    accessLevel: { from: 'VIEWER', to: 'ADMIN' },
    grants: { from: [], to: ['SEE_RESTRICTED', 'NOTIFY_DPO'] },
    expiresAt: '2026-12-01T10:00:00Z',
    ended: 3,
    since: null,
    session: 'ses_01',
  };
  const word = (value: string) => ({ ADMIN: 'Administrator' })[value] ?? value;
  expect(pairsOf(details, word, (iso) => `at ${iso}`)).toEqual([
    { name: 'access level', value: 'VIEWER → Administrator' },
    { name: 'grants', value: '– → SEE_RESTRICTED, NOTIFY_DPO' },
    { name: 'expires at', value: 'at 2026-12-01T10:00:00Z' },
    { name: 'ended', value: '3' },
  ]);
  expect(pairsOf(null, word, String)).toEqual([]);
});

test('a token is over when it was revoked or its time has come', () => {
  const now = Date.parse('2026-11-29T00:00:00Z');
  expect(isOver({ revokedAt: null, expiresAt: null }, now)).toBe(false);
  expect(isOver({ revokedAt: null, expiresAt: '2026-11-29T00:00:00Z' }, now)).toBe(true);
  expect(isOver({ revokedAt: null, expiresAt: '2026-11-30T00:00:00Z' }, now)).toBe(false);
  expect(isOver({ revokedAt: '2026-11-01T00:00:00Z', expiresAt: null }, now)).toBe(true);
});

test('networks are one a line, documents stand between lines of hyphens', () => {
  expect(lines(' 192.0.2.0/24\n\n198.51.100.7 ')).toEqual(['192.0.2.0/24', '198.51.100.7']);
  expect(lines(' \n')).toBeUndefined();
  expect(documents('query A {\n  viewer { can }\n}\n---\nquery B { onCall { until } }\n')).toEqual([
    'query A {\n  viewer { can }\n}',
    'query B { onCall { until } }',
  ]);
  expect(documents('')).toBeUndefined();
});

test('what is over is neither tried again nor settled', () => {
  expect([canRetry('DELIVERED'), canSettle('CANCELLED'), canRetry('FAILED'), canSettle('BY_HAND')]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('one channel is silenced without losing the others', () => {
  expect(withChannel(['EMAIL'], 'NTFY', true)).toEqual(['EMAIL', 'NTFY']);
  expect(withChannel(['EMAIL', 'NTFY'], 'EMAIL', false)).toEqual(['NTFY']);
  expect(withChannel(['EMAIL'], 'EMAIL', true)).toEqual(['EMAIL']);
});

test('a message that waits is not replayed, and its outcome is waited for only while it is near', () => {
  expect(MESSAGE_STATES.filter(canReplay)).toEqual(['FAILED', 'DELIVERED', 'CANCELLED']);
  expect(MESSAGE_STATES.filter(isMoving)).toEqual(['QUEUED', 'SENDING']);
});

test('the body of a message is shown as people read it', () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable('no JSON')).toBe('no JSON');
});
