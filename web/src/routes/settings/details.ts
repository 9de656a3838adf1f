/** The details of an entry of the audit log, data for programs, as short pairs for people. */

export interface Pair {
  name: string;
  value: string;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** Ids of what has no page; the export has them. */
const NUMBERS_ONLY = /^(ses|tok|pky)_/;

/** `accessLevel` becomes `access level`; `from` and `to` become an arrow. `word` has a word for a name or id, `time` for a moment. */
export function pairsOf(details: unknown, word: (value: string) => string, time: (iso: string) => string): Pair[] {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return [];

  function text(value: unknown): string {
    if (value === null || value === undefined) return '';
    if (Array.isArray(value)) return value.map(text).join(', ');
    if (typeof value === 'object') {
      if ('from' in value && 'to' in value) return `${text(value.from) || '–'} → ${text(value.to) || '–'}`;
      return Object.entries(value)
        .map(([key, item]) => `${label(key)} ${text(item)}`)
        .join(', ');
    }
    if (typeof value !== 'string') return String(value);
    if (NUMBERS_ONLY.test(value)) return '';
    return ISO.test(value) ? time(value) : word(value);
  }
  return Object.entries(details)
    .map(([key, value]) => ({ name: label(key), value: text(value) }))
    .filter(({ value }) => value !== '');
}

const label = (key: string) =>
  key.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
