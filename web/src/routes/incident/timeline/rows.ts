/** What the timeline is drawn from: events with their corrections, and what stands between them. */
import { isSameDay } from '$lib/time/format';
import { said } from '$lib/said';
import type { Correction, Event } from './event';

/** Silence that is worth a word. */
const GAP = 15 * 60_000;
/** What is written down later than this has two times. */
const LATE = 60_000;

export type Row =
  /** `redaction` is the event that says why this one was taken out. */
  | { is: 'event'; key: string; event: Event; corrections: Correction[]; redaction: Event | undefined }
  | { is: 'day'; key: string; at: string }
  | { is: 'gap'; key: string; milliseconds: number }
  | { is: 'new'; key: string };

/** Puts new events among those that are known, by sequence, each once; what came last wins. */
export function merge(known: readonly Event[], more: readonly Event[]): readonly Event[] {
  if (more.length === 0) return known;
  const last = known.at(-1)?.sequence ?? 0;
  if (more.every((event, i) => event.sequence > (more[i - 1]?.sequence ?? last))) return [...known, ...more];
  const all = new Map(known.map((event) => [event.sequence, event]));
  for (const event of more) all.set(event.sequence, event);
  return [...all.values()].sort((a, b) => a.sequence - b.sequence);
}

/** The events that say what was taken out, by the sequence of what they took out. */
function redactionsOf(events: readonly Event[]): Map<number, Event> {
  const all = new Map<number, Event>();
  for (const event of events) {
    if (event.kind !== 'REDACTION') continue;
    const sequences = (event.details as { sequences?: number[] } | null)?.sequences ?? [];
    for (const sequence of sequences) all.set(sequence, event);
  }
  return all;
}

/** `events` without what was taken out of them after they were read. */
export function withoutRedacted(events: readonly Event[]): readonly Event[] {
  const redactions = redactionsOf(events);
  if (redactions.size === 0) return events;
  const isKept = ({ sequence, redactedAt }: Correction) => redactedAt !== null || !redactions.has(sequence);
  const emptied = ({ sequence }: Correction) => ({ text: '', details: null, redactedAt: redactions.get(sequence)!.recordedAt });
  return events.map((event) => {
    const amendments = event.amendments.every(isKept)
      ? event.amendments
      : event.amendments.map((correction) => (isKept(correction) ? correction : { ...correction, ...emptied(correction) }));
    if (!isKept(event)) return { ...event, ...emptied(event), change: null, otherIncident: null, attachments: [], amendments };
    return amendments === event.amendments ? event : { ...event, amendments };
  });
}

/** The corrections of each event, by its id, oldest first: those it came with, and those that came after it. */
export function correctionsOf(events: readonly Event[]): Map<string, Correction[]> {
  const all = new Map<string, Map<number, Correction>>();
  const put = (id: string, correction: Correction) => {
    const those = all.get(id) ?? new Map<number, Correction>();
    all.set(id, those.set(correction.sequence, correction));
  };
  for (const event of events) {
    for (const amendment of event.amendments) put(event.id, amendment);
    if (event.amends) put(event.amends, event);
  }
  return new Map([...all].map(([id, those]) => [id, [...those.values()].sort((a, b) => a.sequence - b.sequence)]));
}

/**
 * `events` are those to show, by sequence; `all` everything that is known, which may hold their corrections. `seen` is the last
 * sequence that the reader saw before this visit, or 0; what they wrote themselves, as `reader`, is not new to them.
 */
export function rowsOf(events: readonly Event[], all: readonly Event[], seen: number, reader?: string): Row[] {
  const corrections = correctionsOf(all);
  const redactions = redactionsOf(all);
  const shown = new Set(events.map((event) => event.id));
  const rows: Row[] = [];
  let before: Event | undefined;
  let isNewMarked = seen === 0;
  for (const event of events) {
    // A correction is shown at what it corrects, if that is here.
    if (event.amends && shown.has(event.amends)) continue;
    const isNewDay = !before || !isSameDay(event.recordedAt, Date.parse(before.recordedAt));
    const silence = before ? Date.parse(event.recordedAt) - Date.parse(before.recordedAt) : 0;
    if (silence > GAP) rows.push({ is: 'gap', key: `gap-${event.id}`, milliseconds: silence });
    if (isNewDay) rows.push({ is: 'day', key: `day-${event.id}`, at: event.recordedAt });
    if (!isNewMarked && event.sequence > seen && (!reader || event.actor?.id !== reader)) {
      isNewMarked = true;
      if (before) rows.push({ is: 'new', key: 'new' });
    }
    const redaction = event.redactedAt ? redactions.get(event.sequence) : undefined;
    rows.push({ is: 'event', key: event.id, event, corrections: corrections.get(event.id) ?? [], redaction });
    before = event;
  }
  return rows;
}

/** Whether it was written down noticeably later than it happened. */
export const isLate = (event: { occurredAt: string; recordedAt: string }) =>
  Math.abs(Date.parse(event.recordedAt) - Date.parse(event.occurredAt)) > LATE;

/** The corrections that can be read; of what was redacted, those that say something in its place. */
export function readable(event: Event, corrections: readonly Correction[]): Correction[] {
  const hasWords = ({ details }: Correction) => (details as { text?: unknown } | null)?.text !== null;
  return corrections.filter((correction) => !correction.redactedAt && (!event.redactedAt || hasWords(correction)));
}

/** What an event says now: the last correction's words, if it has new ones. */
export function presentText(event: Event, corrections: readonly Correction[]): string {
  return readable(event, corrections).at(-1)?.text ?? said(event);
}

/** Why it was corrected, if somebody said. */
export function reasonOf(correction: Correction): string | undefined {
  const reason = (correction.details as { reason?: unknown } | null)?.reason;
  return typeof reason === 'string' && reason ? reason : undefined;
}
