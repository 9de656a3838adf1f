/** What the page asks: everything at once when it opens, then the facts whenever something happened. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import { ACTIONS } from './side/Actions.svelte';
import { ALERTS } from './side/Alerts.svelte';
import { CLIENTS } from './side/Clients.svelte';
import { DELIVERIES } from './side/Deliveries.svelte';
import { FILES } from './side/Files.svelte';
import { FOLLOW_UPS } from './side/FollowUps.svelte';
import { GOALS } from './side/Goals.svelte';
import { PAGES } from './side/Pages.svelte';
import { REPORT_LINE } from './side/Report.svelte';
import { ROLES } from './side/Roles.svelte';
import { TICKETS } from './side/Tickets.svelte';
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
  [HEADER, STEPS, TRIAGE, GOALS, ROLES, ACTIONS, CLIENTS, TICKETS, ALERTS, PAGES, FILES, DELIVERIES, FOLLOW_UPS, REPORT_LINE],
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
