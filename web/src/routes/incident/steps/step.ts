/** What does a step of the playbook, by the rule it comes from. */

export type Role = 'INCIDENT_LEAD' | 'CLIENT_COMMS_MANAGER' | 'REPORT_AUTHOR';
export type Deed =
  | { is: 'role'; role: Role }
  | { is: 'escalate' | 'triage' | 'update' | 'tell' | 'contain' | 'answer' | 'report' | 'review' | 'settle' }
  /** Settled without a word, if there is nothing to add. */
  | { is: 'notice' }
  /** Done on the report's page, or elsewhere, which is noted then. */
  | { is: 'publish' };

const DEEDS: Record<string, Deed> = {
  lead: { is: 'role', role: 'INCIDENT_LEAD' },
  'comms-manager': { is: 'role', role: 'CLIENT_COMMS_MANAGER' },
  'report-author': { is: 'role', role: 'REPORT_AUTHOR' },
  'second-line': { is: 'escalate' },
  triage: { is: 'triage' },
  page: { is: 'answer' },
  summary: { is: 'update' },
  'client-update': { is: 'tell' },
  'client-closing': { is: 'tell' },
  containment: { is: 'contain' },
  'report-draft': { is: 'report' },
  'report-circulated': { is: 'report' },
  'report-final': { is: 'report' },
  'schedule-review': { is: 'review' },
  'client-report': { is: 'publish' },
  'abridged-report': { is: 'publish' },
  'general-notice': { is: 'notice' },
};

export const deedOf = (rule: string): Deed => DEEDS[rule] ?? { is: 'settle' };

/** Whether the step can be marked done with a note; all others can only be skipped that way. */
export const canSettle = (rule: string) => ['settle', 'notice', 'publish'].includes(deedOf(rule).is);

interface Timed {
  state: string;
  dueAt: string;
  overdueAt: string | null;
}

/** The next moment at which a step becomes due or overdue: the server is asked again then. */
export function nextTurn(steps: readonly Timed[], now: number): number | undefined {
  const turns = steps
    .filter((step) => step.state !== 'DONE' && step.state !== 'WAIVED')
    .flatMap((step) => [step.dueAt, step.overdueAt])
    .map((at) => (at === null ? NaN : Date.parse(at)))
    .filter((at) => at > now);
  return turns.length > 0 ? Math.min(...turns) : undefined;
}

/** Since when it has been what it is. */
export const turnOf = (step: Timed, state: string) => (state === 'OVERDUE' && step.overdueAt ? step.overdueAt : step.dueAt);
