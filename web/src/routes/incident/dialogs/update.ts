/** Changing what is known about an incident, while others change it too. */
import { graphql, type ResultOf, type VariablesOf } from '$lib/api/graphql';
import { ask, change } from '$lib/api/live.svelte';
import type { Problem } from '$lib/api/problem';

export const EDITABLE = graphql(`
  fragment Editable on Incident @_unmask {
    id
    version
    name
    summary
    clientName
    flags
    visibility
    impactStartedAt
    impactEndedAt
    impact {
      description
      requests
      users
      visits
    }
    sites {
      id
      name
    }
  }
`);
export type Editable = ResultOf<typeof EDITABLE>;

const UPDATE = graphql(
  `
    mutation Update($input: UpdateIncidentInput!) {
      updateIncident(input: $input) {
        incident {
          ...Editable
        }
      }
    }
  `,
  [EDITABLE],
);
const FRESH = graphql(
  `
    query Fresh($id: ID!) {
      node(id: $id) {
        ... on Incident {
          ...Editable
        }
      }
    }
  `,
  [EDITABLE],
);

type Input = VariablesOf<typeof UPDATE>['input'];
export type Fields = Omit<Input, 'incidentId' | 'expectedVersion'>;

/** The field of an incident that an input's field changes. */
const SOURCE: Partial<Record<keyof Fields, keyof Editable>> = { siteIds: 'sites' };

/** Which of the fields that I want to change others changed meanwhile. */
export function overlap(mine: Fields, before: Editable, now: Editable): (keyof Editable)[] {
  return (Object.keys(mine) as (keyof Fields)[])
    .map((field) => SOURCE[field] ?? (field as keyof Editable))
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(now[field]));
}

export type Updated = { now: Editable; problem?: Problem; changed?: (keyof Editable)[] };

/**
 * Sends what I changed. The version grows with every note on the timeline, so a conflict is only one where somebody changed the
 * same field; then `changed` names it and `now` is what they made of it.
 */
export async function update(before: Editable, mine: Fields): Promise<Updated> {
  let base = before;
  for (let attempt = 0; ; attempt++) {
    const { data, problem } = await change(UPDATE, {
      input: { incidentId: before.id, expectedVersion: base.version, ...mine },
    });
    if (!problem) return { now: data.updateIncident.incident };
    if (problem.code !== 'CONFLICT' || attempt === 3) return { now: base, problem };
    const fresh = await ask(FRESH, { id: before.id });
    if (fresh.problem || !fresh.data.node || !('version' in fresh.data.node)) return { now: base, problem };
    base = fresh.data.node;
    const changed = overlap(mine, before, base);
    if (changed.length > 0) return { now: base, problem, changed };
  }
}
