/** What the page shows of a heartbeat, and what a job needs to call it. */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const HEARTBEAT = graphql(`
  fragment Heartbeat on Heartbeat {
    id
    name
    severity
    everySeconds
    graceSeconds
    note
    state
    lastBeatAt
    nextExpectedAt
    alarmAt
    failedAt
    failure
    pausedAt
    createdAt
    incident {
      id
      reference
    }
    createdBy {
      id
      name
    }
    site {
      id
      name
    }
  }
`);

export type HeartbeatState = ResultOf<typeof HEARTBEAT>['state'];

/** The worst first. */
export const SEVERITIES = ['CRITICAL', 'MAJOR', 'MINOR', 'TRIVIAL'] as const;

/** Beside the word, so that colour is not alone. */
export const SIGNS: Record<HeartbeatState, string> = {
  WAITING: '○',
  BEATING: '✓',
  LATE: '…',
  SILENT: '✕',
  FAILED: '✕',
  PAUSED: '‖',
};

export function tone(state: HeartbeatState): 'plain' | 'good' | 'warn' | 'danger' {
  if (state === 'SILENT' || state === 'FAILED') return 'danger';
  if (state === 'LATE') return 'warn';
  return state === 'BEATING' ? 'good' : 'plain';
}

const SECONDS = { minutes: 60, hours: 3_600, days: 86_400 } as const;
export type Unit = keyof typeof SECONDS;
export const UNITS: readonly Unit[] = ['minutes', 'hours', 'days'];

/** As people say it: in the largest unit that leaves no rest. Seconds that are no whole minutes stay, as a part of one. */
export function spoken(seconds: number): { amount: number; unit: Unit } {
  const unit = UNITS.toReversed().find((one) => seconds % SECONDS[one] === 0) ?? 'minutes';
  return { amount: seconds / SECONDS[unit], unit };
}

/** In seconds, as the server takes it. */
export const seconds = (amount: number, unit: Unit) => Math.round(amount * SECONDS[unit]);

/** Tries for half a minute, also while nothing listens there, and prints nothing while all is well. */
const CURL = 'curl -fsS -m 10 --retry 5 --retry-connrefused -o /dev/null';

export const curlLine = (url: string) => `${CURL} ${url}`;

/** A percent sign ends a command in a crontab; there is none in it. */
export const cronLine = (url: string) => `30 2 * * * /path/to/job; ${CURL} "${url}?exit=$?"`;
