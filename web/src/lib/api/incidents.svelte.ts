/** One subscription a tab hears of every incident that changes; lists and pages ask to be told. */
import { graphql, type ResultOf } from './graphql';
import { subscribe } from './live.svelte';

/** What a card of the board shows, so that the cache, and with it every list, is current before anybody asks. */
export const INCIDENT_CARD = graphql(`
  fragment IncidentCard on Incident {
    id
    reference
    name
    severity
    status
    visibility
    flags
    version
    reportedAt
    declaredAt
    impactStartedAt
    resolvedAt
    closedAt
    lead {
      id
      name
    }
    clientCommsManager {
      id
      name
    }
  }
`);

const CHANGED = graphql(
  `
    subscription IncidentChanged {
      incidentChanged {
        ...IncidentCard
      }
    }
  `,
  [INCIDENT_CARD],
);

type Changed = ResultOf<typeof CHANGED>['incidentChanged'];
/** What it says of an incident that the mask of the fragment hides. */
type Told = Changed & { id: string; reference: string };

// Nothing is drawn from it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const listeners = new Set<(incident: Told) => void>();

/** For the shell, once. */
export function hearIncidents(): void {
  subscribe(
    CHANGED,
    () => ({}),
    ({ incidentChanged }) => listeners.forEach((tell) => tell(incidentChanged as Told)),
  );
}

/** Calls `tell` whenever an incident was created or changed, as long as the component lives. */
export function onIncidentChanged(tell: (incident: Told) => void): void {
  $effect(() => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  });
}
