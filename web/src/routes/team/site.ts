import { graphql } from '$lib/api/graphql';

export const SITE = graphql(`
  fragment Site on Site {
    id
    name
    url
    repository
    runbook
    importance
    routinelyAttacked
    busyHours
    expected
    lastSyncedAt
    tooling {
      label
      url
    }
    client {
      id
      name
    }
  }
`);
