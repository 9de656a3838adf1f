/** What the page asks: everything at once when it opens, then the facts whenever something happened. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import {
  ACTIONS,
  ALERTS,
  CLIENTS,
  DELIVERIES,
  FILES,
  FOLLOW_UPS,
  GOALS,
  PAGES,
  REPORT_LINE,
  REVIEW_LINE,
  ROLES,
  TICKETS,
} from './side/shown';
import { STEPS } from './steps/Steps.svelte';
import { TRIAGE } from './steps/Triage.svelte';
import { EVENT } from './timeline/event';
import { HEADER } from './top/Header.svelte';

const FACTS = graphql(
  `
    fragment Facts on Incident @_unmask {
      ...Header
      ...Steps
      ...Triage
      ...Goals
      ...Roles
      ...Actions
      ...Clients
      ...Tickets
      ...Alerts
      ...Pages
      ...Files
      ...Deliveries
      ...FollowUps
      ...ReportLine
      ...ReviewLine
      keyMoments: timeline(last: 200, filter: { starred: true }) {
        nodes {
          id
        }
        pageInfo {
          hasPreviousPage
        }
      }
    }
  `,
  [
    HEADER,
    STEPS,
    TRIAGE,
    GOALS,
    ROLES,
    ACTIONS,
    CLIENTS,
    TICKETS,
    ALERTS,
    PAGES,
    FILES,
    DELIVERIES,
    FOLLOW_UPS,
    REPORT_LINE,
    REVIEW_LINE,
  ],
);
export type Facts = ResultOf<typeof FACTS>;

export const ASK_FACTS = graphql(
  `
    query IncidentFacts($reference: String!, $responds: Boolean!) {
      incident(reference: $reference) {
        ...Facts
      }
    }
  `,
  [FACTS],
);

export const OPEN = graphql(
  `
    query IncidentPage($reference: String!, $responds: Boolean!, $filter: TimelineFilter) {
      incident(reference: $reference) {
        ...Facts
        timeline(last: 40, filter: $filter) {
          nodes {
            ...Event
          }
          pageInfo {
            startCursor
            hasPreviousPage
          }
        }
        newest: timeline(last: 1) {
          pageInfo {
            endCursor
          }
        }
      }
    }
  `,
  [FACTS, EVENT],
);
export type Opened = NonNullable<ResultOf<typeof OPEN>['incident']>;
