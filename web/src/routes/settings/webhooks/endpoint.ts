/** What the page shows of an endpoint, and what changes of it bring back. */
import { graphql } from '$lib/api/graphql';

export const ENDPOINT = graphql(`
  fragment Endpoint on WebhookEndpoint {
    id
    name
    url
    types
    leastSeverity
    includesRestricted
    createdAt
    createdBy {
      id
      name
    }
    rotatedAt
    disabledAt
    disabledWhy
    failingSince
    pausedUntil
    waiting
    failed
  }
`);

/** The worst first. */
export const SEVERITIES = ['CRITICAL', 'MAJOR', 'MINOR', 'TRIVIAL'] as const;
