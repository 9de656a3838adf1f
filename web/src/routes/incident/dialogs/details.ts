/** What is typed about an incident, and what of it is a change. */
import { fromLocal, toLocal } from '$lib/time/local';
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

/** What an input's field is called in the incident, and in what is typed. */
const PLACES: Record<string, [keyof Editable, ...(keyof Typed)[]]> = {
  summary: ['summary', 'summary'],
  clientName: ['clientName', 'clientName'],
  flags: ['flags', 'flags'],
  siteIds: ['sites', 'sites'],
  impactStartedAt: ['impactStartedAt', 'began'],
  impactEndedAt: ['impactEndedAt', 'ended'],
  impact: ['impact', 'requests', 'visits', 'users', 'impact'],
};

/** Takes over what others made of some fields; the rest of what was typed stays. */
export function takeTheirs(fields: readonly string[], now: Editable, base: Editable, typed: Typed) {
  const theirs = fieldsOf(now);
  const next = { base: { ...base }, typed: { ...typed } };
  for (const [source, ...parts] of fields.flatMap((field) => (PLACES[field] ? [PLACES[field]] : []))) {
    Object.assign(next.base, { [source]: now[source] });
    for (const part of parts) Object.assign(next.typed, { [part]: theirs[part] });
  }
  return next;
}
