/** What the board knows of an incident, and what it makes of it. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import { dueState } from '$lib/time/format';
import type { Severity } from '$text';

export const BOARD_INCIDENT = graphql(`
  fragment BoardIncident on Incident @_unmask {
    id
    reference
    name
    severity
    status
    visibility
    flags
    reportedAt
    declaredAt
    impactStartedAt
    lead {
      id
      name
    }
    clientCommsManager {
      id
      name
    }
    affectedClients {
      client {
        id
      }
    }
    nextSteps {
      key
      title
      state
      dueAt
      overdueAt
    }
    pages {
      id
      answeredAt
      lostAt
      person {
        id
      }
    }
    roleOffers {
      id
      role
      state
      offeredBy {
        id
        name
      }
      person {
        id
      }
    }
    timeline(last: 1, filter: { exceptKinds: [PROMPT] }) {
      nodes {
        id
        kind
        text
        redactedAt
        recordedAt
        actor {
          id
          name
        }
      }
    }
  }
`);
export type BoardIncident = ResultOf<typeof BOARD_INCIDENT>;

type Step = Pick<BoardIncident['nextSteps'][number], 'title' | 'state' | 'dueAt' | 'overdueAt'>;
type Times = Pick<BoardIncident, 'impactStartedAt' | 'declaredAt' | 'reportedAt'>;
type Ranked = Times & { severity: Severity; nextSteps: Step[] };

export const SEVERITIES: Severity[] = ['CRITICAL', 'MAJOR', 'MINOR', 'TRIVIAL'];

/** Since when it has been going on, as far as anybody knows. */
export function began({ impactStartedAt, declaredAt, reportedAt }: Times): number {
  return Math.min(...[impactStartedAt, declaredAt, reportedAt].filter((at) => at !== null).map((at) => Date.parse(at)));
}

/** Since when a step has been what it is, or when it will be due. */
export const stepTime = (step: Step, now: number): string => (dueState(step, now) === 'OVERDUE' && step.overdueAt) || step.dueAt;

/** The step to show, and how many others are overdue: the longest overdue first, then what is due soonest. */
export function foremost<S extends Step>(steps: S[], now: number): { step: S | undefined; othersOverdue: number } {
  const isOverdue = (step: S) => dueState(step, now) === 'OVERDUE';
  const step = steps.toSorted(
    (a, b) => Number(isOverdue(b)) - Number(isOverdue(a)) || Date.parse(stepTime(a, now)) - Date.parse(stepTime(b, now)),
  )[0];
  return { step, othersOverdue: steps.filter((other) => other !== step && isOverdue(other)).length };
}

/** The worst first; among equals what has been overdue longest, then what has gone on longest. */
export function inOrder<I extends Ranked>(incidents: I[], now: number): I[] {
  const overdueSince = ({ nextSteps }: I) => {
    const { step } = foremost(nextSteps, now);
    return step && dueState(step, now) === 'OVERDUE' ? Date.parse(stepTime(step, now)) : Infinity;
  };
  const later = (a: number, b: number) => (a === b ? 0 : a - b);
  return incidents.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      later(overdueSince(a), overdueSince(b)) ||
      began(a) - began(b),
  );
}

/** Markdown as one line: no fences, no line breaks. */
export const oneLine = (text: string): string =>
  text
    .replace(/```\w*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/** What the incident waits for from this very person: an answer to a page, or to somebody who wants to hand over. */
export function asksOf({ pages, roleOffers }: Pick<BoardIncident, 'pages' | 'roleOffers'>, personId: string | undefined) {
  return {
    isPaged: pages.some((page) => page.person.id === personId && page.answeredAt === null && page.lostAt === null),
    offers: roleOffers.filter((offer) => offer.person.id === personId && offer.state === 'OPEN'),
  };
}
