import { graphql, type ResultOf } from '$lib/api/graphql';
import { t } from '$text';
import { SITE_IMPORT } from './plan';

export const SITE_READING = graphql(
  `
    fragment SiteReading on SiteReading @_unmask {
      source
      listedCount
      readAt
      triedAt
      problem
      noteCount
      notes {
        site
        field
        problem
      }
      waiting {
        since
        leftAt
        knownCount
        goneCount
        emptiedField
        emptiedCount
        import {
          ...SiteImport
        }
      }
    }
  `,
  [SITE_IMPORT],
);

export type SiteReading = ResultOf<typeof SITE_READING>;
type Waiting = NonNullable<SiteReading['waiting']>;
type Loss = Pick<Waiting, 'knownCount' | 'goneCount' | 'emptiedField' | 'emptiedCount'>;

/** What would be lost, in a sentence: sites before what they say. */
export function lossOf({ knownCount, goneCount, emptiedField, emptiedCount }: Loss): string {
  const words = t.sites.reading;
  if (goneCount * 5 > knownCount || emptiedField === null) return words.losesSites(knownCount - goneCount, knownCount);
  return words.losesField(emptiedCount, knownCount, t.sites.field[emptiedField]);
}

/** Where something is that could not be taken. */
export const placeOf = ({ site, field }: SiteReading['notes'][number]) =>
  [site, field].filter((part) => part !== null).join(', ');
