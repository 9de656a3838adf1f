/** What may be done with an incident as a whole, by its status: the rare deeds behind the menu. */
import type { Status } from '$text';

export type Deed =
  | 'declare'
  | 'decline'
  | 'severity'
  | 'status'
  | 'escalate'
  | 'resolve'
  | 'close'
  | 'reopen'
  | 'details'
  | 'visibility'
  | 'file'
  | 'merge';

const WHAT_IS_KNOWN: Deed[] = ['details', 'visibility'];
const LIVE: Deed[] = ['severity', 'status', 'escalate', 'resolve', ...WHAT_IS_KNOWN, 'merge'];
const BY_STATUS: Record<Status, Deed[]> = {
  TRIAGE: ['declare', 'decline', 'escalate', ...WHAT_IS_KNOWN, 'merge'],
  INVESTIGATING: LIVE,
  FIXING: LIVE,
  MONITORING: LIVE,
  RESOLVED: ['close', 'reopen', 'severity', ...WHAT_IS_KNOWN, 'file'],
  CLOSED: ['reopen', ...WHAT_IS_KNOWN, 'file'],
  DECLINED: ['reopen', 'visibility'],
  MERGED: [],
};

export const deedsOf = (status: Status, mayRespond: boolean): Deed[] => (mayRespond ? BY_STATUS[status] : []);

/** Since when it has been going on, as far as is known. */
export function began(incident: { impactStartedAt: string | null; declaredAt: string | null; reportedAt: string }): string {
  const times = [incident.impactStartedAt, incident.declaredAt, incident.reportedAt].filter((at) => at !== null);
  return times.reduce((a, b) => (Date.parse(b) < Date.parse(a) ? b : a));
}

/** When it ended, if it has. */
export const ended = (incident: { impactEndedAt: string | null; resolvedAt: string | null }) =>
  incident.resolvedAt === null ? null : (incident.impactEndedAt ?? incident.resolvedAt);
