import { expect, test } from 'vitest';
import type { Event } from './event';
import { correctionsOf, isLate, merge, presentText, reasonOf, rowsOf, withoutRedacted } from './rows';

const MINUTE = 60_000;
function event(sequence: number, more: Partial<Event> & { minute?: number } = {}): Event {
  const at = new Date(Date.parse('2026-11-29T10:00:00Z') + (more.minute ?? sequence) * MINUTE).toISOString();
  return {
    id: `evt_${sequence}`,
    sequence,
    kind: 'NOTE',
    occurredAt: at,
    recordedAt: at,
    text: `note ${sequence}`,
    starred: false,
    source: 'WEB',
    details: null,
    change: null,
    amends: null,
    redactedAt: null,
    otherIncident: null,
    actor: null,
    attachments: [],
    amendments: [],
    ...more,
  };
}
const sequences = (events: readonly Event[]) => events.map((one) => one.sequence);

test('events that come twice, late or out of order are there once, in order', () => {
  const known = [event(3), event(4)];
  expect(sequences(merge(known, [event(5)]))).toEqual([3, 4, 5]);
  expect(sequences(merge(known, [event(4), event(5), event(4)]))).toEqual([3, 4, 5]);
  expect(sequences(merge(known, [event(1), event(2)]))).toEqual([1, 2, 3, 4]);
  expect(merge(known, [])).toBe(known);
});

test('what comes again replaces what was there', () => {
  expect(merge([event(1)], [event(1, { starred: true })])[0]?.starred).toBe(true);
});

test('days and silences are marked, and the line stands before the first new event', () => {
  const events = [event(1), event(2), event(3, { minute: 40 }), event(4, { minute: 24 * 60 + 40 })];
  expect(rowsOf(events, events, 2).map((row) => row.is)).toEqual([
    'day',
    'event',
    'event',
    'gap',
    'new',
    'event',
    'gap',
    'day',
    'event',
  ]);
});

test('nothing is new to who was never here, or saw it all', () => {
  const events = [event(1), event(2)];
  expect(rowsOf(events, events, 0).some((row) => row.is === 'new')).toBe(false);
  expect(rowsOf(events, events, 2).some((row) => row.is === 'new')).toBe(false);
});

test('what I wrote is not new to me', () => {
  const mine = event(3, { actor: { id: 'per_1', name: 'Kim' } });
  expect(rowsOf([event(1), mine], [], 1, 'per_1').some((row) => row.is === 'new')).toBe(false);
  expect(rowsOf([event(1), mine], [], 1, 'per_2').some((row) => row.is === 'new')).toBe(true);
});

test('a correction is shown at what it corrects, or on its own if that is not here', () => {
  const correction = event(3, { kind: 'AMENDMENT', amends: 'evt_1', text: 'better', details: { reason: 'typo' } });
  const all = [event(1), event(2), correction];
  const rows = rowsOf(all, all, 0).filter((row) => row.is === 'event');
  expect(rows.map((row) => row.event.sequence)).toEqual([1, 2]);
  expect(presentText(rows[0]!.event, rows[0]!.corrections)).toBe('better');
  expect(reasonOf(rows[0]!.corrections[0]!)).toBe('typo');
  expect(rowsOf([event(2), correction], all, 0).filter((row) => row.is === 'event')).toHaveLength(2);
});

test('corrections that came with an event and live count once', () => {
  const correction = event(2, { kind: 'AMENDMENT', amends: 'evt_1' });
  expect(correctionsOf([event(1, { amendments: [correction] }), correction]).get('evt_1')).toHaveLength(1);
});

test('what a redaction names is gone at once, wherever it stands', () => {
  const correction = event(2, {
    kind: 'AMENDMENT',
    amends: 'evt_1',
    text: 'secret, better',
    details: { text: 'secret, better' },
  });
  const original = event(1, { text: 'secret', details: { password: 'secret' }, amendments: [correction] });
  const said = event(4, { kind: 'REDACTION', details: { sequences: [1, 2], reason: 'a password', seals: [] } });
  const known = [original, correction, event(3)];
  expect(withoutRedacted(known)).toBe(known);
  const left = withoutRedacted([...known, said]);
  expect(JSON.stringify(left)).not.toContain('secret');
  expect(left[0]).toMatchObject({ text: '', details: null, redactedAt: said.recordedAt });
  expect(left[2]).toBe(known[2]);
  expect(withoutRedacted(left)).toEqual(left);
  const [row] = rowsOf(left, left, 0).filter((row) => row.is === 'event');
  expect(row!.redaction).toBe(said);
  expect(presentText(row!.event, row!.corrections)).toBe('(redacted)');
});

test('what was said in the place of something redacted is shown, and a time alone says nothing', () => {
  const redacted = event(1, { text: '', redactedAt: '2026-11-29T11:00:00Z' });
  const time = event(2, { kind: 'AMENDMENT', amends: 'evt_1', text: 'Happened at 02:50.', details: { text: null } });
  expect(presentText(redacted, [time])).toBe('(redacted)');
  const words = event(3, { kind: 'AMENDMENT', amends: 'evt_1', text: 'log in', details: { text: 'log in' } });
  expect(presentText(redacted, [time, words])).toBe('log in');
});

test('what was written down more than a minute later has two times', () => {
  expect(isLate({ occurredAt: '2026-11-29T10:00:00Z', recordedAt: '2026-11-29T10:00:30Z' })).toBe(false);
  expect(isLate({ occurredAt: '2026-11-29T10:00:00Z', recordedAt: '2026-11-29T10:05:00Z' })).toBe(true);
});

test('five thousand events are rows in a moment', () => {
  const events = Array.from({ length: 5_000 }, (_, i) => event(i + 1));
  const began = performance.now();
  expect(rowsOf(events, events, 4_000).length).toBeGreaterThan(5_000);
  expect(performance.now() - began).toBeLessThan(500);
});
