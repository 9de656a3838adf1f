/** Deeds that need only some words, each with its mutation. */
import { graphql } from '$lib/api/graphql';

export const CLOSE = graphql(`
  mutation Close($input: CloseIncidentInput!) {
    closeIncident(input: $input) {
      incident {
        id
        status
        version
      }
    }
  }
`);

export const REOPEN = graphql(`
  mutation Reopen($input: ReopenIncidentInput!) {
    reopenIncident(input: $input) {
      incident {
        id
        status
        version
      }
    }
  }
`);

export const DECLINE = graphql(`
  mutation Decline($input: DeclineIncidentInput!) {
    declineIncident(input: $input) {
      incident {
        id
        status
        version
      }
    }
  }
`);

export const ESCALATE = graphql(`
  mutation Escalate($input: EscalateInput!) {
    escalate(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const FILE = graphql(`
  mutation File($input: FileIncidentInput!) {
    fileIncident(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);
