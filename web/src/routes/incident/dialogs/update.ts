/** What is known about an incident and can be changed. */
import { graphql, type ResultOf, type VariablesOf } from '$lib/api/graphql';

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

export const UPDATE = graphql(
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
type Input = VariablesOf<typeof UPDATE>['input'];
export type Fields = Omit<Input, 'incidentId' | 'expectedVersion'>;
