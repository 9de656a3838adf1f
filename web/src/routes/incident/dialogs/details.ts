/** What is typed about an incident, and what of it is a change. */
import { wholeTime } from '$lib/time/format';
import { fromLocal, toLocal } from '$lib/time/local';
import { t } from '$text';
import type { Editable, Fields } from './update';

export interface Typed {
  summary: string;
  clientName: string;
  flags: Editable['flags'];
  sites: Editable['sites'];
  began: string;
  ended: string;
  requests: number | null;
  visits: number | null;
  users: number | null;
  impact: string;
}

export function fieldsOf(incident: Editable): Typed {
  const { requests, visits, users, description } = incident.impact;
  return {
    summary: incident.summary ?? '',
    clientName: incident.clientName ?? '',
    flags: [...incident.flags],
    sites: [...incident.sites],
    began: toLocal(incident.impactStartedAt),
    ended: toLocal(incident.impactEndedAt),
    requests,
    visits,
    users,
    impact: description ?? '',
  };
}

const ids = (sites: Editable['sites']) => sites.map((site) => site.id).sort();
const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Only what was changed: everything else stays what others made of it. */
export function changesOf(base: Editable, typed: Typed): Fields {
  const before = fieldsOf(base);
  const fields: Fields = {};
  if (typed.summary !== before.summary) fields.summary = typed.summary || null;
  if (typed.clientName !== before.clientName) fields.clientName = typed.clientName || null;
  if (!isSame([...typed.flags].sort(), [...before.flags].sort())) fields.flags = typed.flags;
  if (!isSame(ids(typed.sites), ids(before.sites))) fields.siteIds = ids(typed.sites);
  if (typed.began !== before.began) fields.impactStartedAt = fromLocal(typed.began);
  if (typed.ended !== before.ended) fields.impactEndedAt = fromLocal(typed.ended);
  const figures = ['requests', 'visits', 'users'] as const;
  if (typed.impact !== before.impact || figures.some((figure) => (typed[figure] ?? null) !== before[figure])) {
    const [requests, visits, users] = figures.map((figure) => typed[figure] ?? null);
    fields.impact = { description: typed.impact || null, requests, visits, users };
  }
  return fields;
}

const { details: words } = t.incident;
const LABELS: Partial<Record<keyof Editable, string>> = {
  name: t.incident.top.name,
  summary: words.summary,
  clientName: words.clientName,
  flags: words.flags,
  sites: words.sites,
  impactStartedAt: words.began,
  impactEndedAt: words.ended,
  impact: words.impact,
};

/** What others changed, each in a line. */
export function namesOf(changed: readonly (keyof Editable)[], now: Editable): string[] {
  return changed.map((field) => `${LABELS[field] ?? field}: ${shown(field, now)}`);
}

function shown(field: keyof Editable, now: Editable): string {
  if (field === 'flags') return now.flags.map((flag) => t.flag[flag]).join(', ') || t.none;
  if (field === 'sites') return now.sites.map((site) => site.name).join(', ') || t.none;
  if (field === 'impact')
    return (
      Object.values(now.impact)
        .filter((part) => part !== null)
        .join(', ') || t.none
    );
  const value = now[field];
  if ((field === 'impactStartedAt' || field === 'impactEndedAt') && typeof value === 'string') return wholeTime(value);
  return value === null ? t.none : String(value);
}
