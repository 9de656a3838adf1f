import { graphql, type ResultOf } from '$lib/api/graphql';

export const SITE = graphql(`
  fragment Site on Site {
    id
    name
    url
    hosts
    environment
    hosting
    repository
    runbook
    importance
    routinelyAttacked
    busyHours
    codeFreeze
    expected
    goneAt
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

/** With where each field comes from. */
export const SITE_ORIGINS = graphql(`
  fragment SiteOrigins on Site @_unmask {
    id
    listedBy
    origins {
      field
      source
      at
      isKept
    }
  }
`);

export type Site = ResultOf<typeof SITE>;
export type SiteOrigin = ResultOf<typeof SITE_ORIGINS>['origins'][number];
export type SiteField = SiteOrigin['field'];

export const ENVIRONMENTS = ['PRODUCTION', 'STAGING', 'TESTING', 'DEVELOPMENT'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** In the order in which they are shown; the name is the title. */
export const FIELDS: readonly SiteField[] = [
  'URL',
  'HOSTS',
  'CLIENT',
  'ENVIRONMENT',
  'IMPORTANCE',
  'HOSTING',
  'REPOSITORY',
  'RUNBOOK',
  'TOOLING',
  'EXPECTED',
  'ROUTINELY_ATTACKED',
  'BUSY_HOURS',
  'CODE_FREEZE',
];

/** A part of what a field says. */
export interface Said {
  text: string;
  /** Where it leads, if anywhere. */
  href?: string | undefined;
}
