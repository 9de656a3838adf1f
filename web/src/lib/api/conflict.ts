/** What others changed of what somebody wants to change, since they looked. */
import { clockTime, duration, isSameDay, weekday, wholeTime } from '$lib/time/format';
import { t } from '$text';
import type { Problem } from './problem';

export interface Conflict {
  /** Sending this version says: I have seen it, use mine. */
  version: number;
  /** The last of those who changed it; nobody if it was Muster. */
  who: string | undefined;
  /** When that was; unknown if the server can't tell what was changed. */
  at: string | undefined;
  /** What each field holds now, by the names of the inputs, oldest change first. */
  present: [field: string, value: unknown][];
}

/** A conflict that can be decided here; a key that was used before is none. */
export function conflictOf(problem: Problem | undefined): Conflict | undefined {
  if (problem?.code !== 'CONFLICT' || typeof problem.more.currentVersion !== 'number') return undefined;
  const {
    currentVersion: version,
    by,
    at,
    fields,
    present,
  } = problem.more as {
    currentVersion: number;
    by?: { name: string } | null;
    at?: string;
    fields?: string[];
    present?: Record<string, unknown>;
  };
  return { version, who: by?.name, at, present: (fields ?? []).map((field) => [field, present?.[field]]) };
}

/** The ids in it that must be looked up to be shown. */
export const siteIdsIn = (conflict: Conflict) =>
  conflict.present.flatMap(([field, value]) => (field === 'siteIds' ? (value as string[]) : []));

/** "Kim set the severity to critical at 03:12." */
export function headline({ who, at, present }: Conflict, names: ReadonlyMap<string, string>, now: number): string {
  const { conflict: words } = t;
  if (at === undefined) return words.unknown;
  const when = `${isSameDay(at, now) ? '' : `${weekday(at)}, `}${clockTime(at)}`;
  const name = who ?? t.product;
  const [only] = present;
  if (present.length !== 1 || !only) return words.several(name, when);
  const value = shown(only, names);
  return value === '' ? words.cleared(name, labelOf(only[0]), when) : words.one(name, labelOf(only[0]), value, when);
}

export const labelOf = (field: string) => t.conflict.fields[field as keyof typeof t.conflict.fields] ?? field;

/** A value in words; nothing for what is empty. */
export function shown([field, value]: [field: string, value: unknown], names: ReadonlyMap<string, string>): string {
  if (value === null || value === undefined) return '';
  switch (field) {
    case 'severity':
      return t.severity[value as keyof typeof t.severity].toLowerCase();
    case 'status':
      return t.status[value as keyof typeof t.status].toLowerCase();
    case 'visibility':
      return value === 'RESTRICTED' ? t.conflict.restricted : t.conflict.open;
    case 'flags':
      return (value as (keyof typeof t.flag)[]).map((flag) => t.flag[flag]).join(', ');
    case 'siteIds':
      return (value as string[]).map((id) => names.get(id) ?? id).join(', ');
    case 'impact':
      return Object.entries(value as Record<string, string | number | null>)
        .filter(([, part]) => part !== null)
        .map(([name, part]) => (name === 'description' ? `${part}` : `${part} ${name}`))
        .join(', ');
    case 'impactStartedAt':
    case 'impactEndedAt':
      return wholeTime(value as string);
    case 'reviewPlan': {
      const plan = value as { startsAt: string; durationMinutes: number; place: string | null };
      return list(wholeTime(plan.startsAt), duration(plan.durationMinutes * 60_000), plan.place);
    }
    case 'reviewOutcome': {
      const outcome = value as { heldAt: string; notes: string | null; recordingUrl: string | null };
      return list(wholeTime(outcome.heldAt), outcome.notes && `“${outcome.notes}”`, outcome.recordingUrl);
    }
    default:
      return `“${String(value)}”`;
  }
}

const list = (...parts: (string | null)[]) => parts.filter(Boolean).join(', ');
