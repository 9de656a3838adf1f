import { graphql, type ResultOf } from '$lib/api/graphql';
import { t } from '$text';

export const SITE_IMPORT = graphql(`
  fragment SiteImport on SiteImport @_unmask {
    isApplied
    plan
    problemCount
    problems {
      line
      column
      reason
    }
    warnings
    newClients
    needsAcceptance
    addedCount
    changedCount
    goneCount
    keptCount
    unchangedCount
    rows {
      effect
      line
      name
      site {
        id
        name
      }
      changes {
        field
        from
        to
      }
      kept {
        field
        from
        to
      }
    }
  }
`);

export type SiteImport = ResultOf<typeof SITE_IMPORT>;
export type ImportRow = SiteImport['rows'][number];

/** As the export has them. */
export const COLUMNS = [
  'name',
  'url',
  'hosts',
  'client',
  'environment',
  'importance',
  'hosting',
  'repository',
  'runbook',
  'tooling',
  'expected',
  'routinely attacked',
  'busy hours',
  'code freeze',
  'id',
] as const;

/** One line of the table: a field of a site, or the site as a whole. */
export interface Line {
  key: string;
  row: ImportRow;
  /** Only the first line of a site says which one it is. */
  isFirst: boolean;
  what: string;
  from: string | null;
  to: string | null;
  /** Said instead, across what it says and will say. */
  note?: string;
}

/** What is shown of the sites. A new name says nothing that its site does not say. */
export function linesOf(rows: readonly ImportRow[]): Line[] {
  const words = t.sites;
  return rows.flatMap((row, index) => {
    const isNew = row.effect === 'ADDED';
    const changes = row.effect === 'GONE' ? [] : row.changes.filter(({ field }) => !(isNew && field === 'NAME'));
    const parts: Omit<Line, 'key' | 'row' | 'isFirst'>[] = [
      ...changes.map(({ field, from, to }) => ({ what: words.field[field], from, to })),
      ...row.kept.map(({ field, from, to }) => ({
        what: words.field[field],
        from,
        to: null,
        note: words.import.keeps(to ?? words.page.nothing),
      })),
    ];
    if (row.effect === 'GONE') parts.push({ what: '', from: null, to: null, note: words.import.isGone });
    if (parts.length === 0) parts.push({ what: '', from: null, to: null });
    return parts.map((part, place) => ({ ...part, key: `${index}.${place}`, row, isFirst: place === 0 }));
  });
}
