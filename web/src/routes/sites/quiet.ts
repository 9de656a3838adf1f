import { graphql, type ResultOf } from '$lib/api/graphql';

/** When alerts of a site are recorded and nobody hears of them. */
export const SITE_QUIET = graphql(`
  fragment SiteQuiet on Site @_unmask {
    id
    quietWindows {
      id
      why
      startsAt
      endsAt
      addedBy {
        id
        name
      }
      sites {
        id
        name
      }
    }
  }
`);

export type QuietWindow = ResultOf<typeof SITE_QUIET>['quietWindows'][number];

type Span = Pick<QuietWindow, 'startsAt' | 'endsAt'>;

/** Whether it is on now, by `startsAt` and `endsAt`: the server says it too, but only when it is asked. */
export const isOn = ({ startsAt, endsAt }: Span, now: number) => Date.parse(startsAt) <= now && now < Date.parse(endsAt);

/** Those that are not over: one that was called off ends before it starts. */
export const ahead = <T extends Span>(windows: readonly T[], now: number): T[] =>
  windows.filter(({ startsAt, endsAt }) => now < Date.parse(endsAt) && Date.parse(startsAt) < Date.parse(endsAt));
