/** What figures look like to the API, and how they are read. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import { duration } from '$lib/time/format';
import { localDay } from '$lib/time/local';
import { t } from '$text';

export const SPREAD = graphql(`
  fragment SpreadFigures on Spread @_unmask {
    count
    missing
    invalid
    median
    p90
    histogram {
      below
      count
    }
  }
`);

export const IN_TIME = graphql(`
  fragment InTimeFigures on InTime @_unmask {
    inTime
    late
    unknown
    share
  }
`);

/** What is told of a group in a row of a table. */
export const ROW = graphql(`
  fragment RowFigures on IncidentFigures @_unmask {
    incidents
    timeToDeclare {
      median
      p90
      missing
    }
    timeToLead {
      median
      p90
      missing
    }
    timeToResolve {
      median
      p90
      missing
    }
  }
`);

export type Spread = ResultOf<typeof SPREAD>;
export type InTime = ResultOf<typeof IN_TIME>;
export type RowFigures = ResultOf<typeof ROW>;

/** A number of seconds in words, or a dash. */
export const span = (seconds: number | null) => (seconds === null ? '–' : duration(seconds * 1_000));

export interface Bar {
  label: string;
  count: number;
}

/** The bars of a histogram from the first to the last that has anything, so that those between stay in sight. */
export function bars(histogram: Spread['histogram']): Bar[] {
  const first = histogram.findIndex(({ count }) => count > 0);
  const last = histogram.findLastIndex(({ count }) => count > 0);
  if (first < 0) return [];
  return histogram.slice(first, last + 1).map(({ below, count }, index) => {
    const from = histogram[first + index - 1]?.below ?? null;
    return { label: t.insights.range(from === null ? null : span(from), below === null ? null : span(below)), count };
  });
}

/** `18 of 20`, of those of which it is known. */
export const ofKnown = ({ inTime, late }: InTime) => t.insights.of(inTime, inTime + late);

export interface Period {
  from: string;
  to: string;
}

/** The months up to now, this one included. */
export function lastMonths(months: number, now: number): Period {
  const today = new Date(now);
  return { from: localDay(new Date(today.getFullYear(), today.getMonth() - months + 1, 1)), to: localDay(today) };
}

/** The address of a file. */
export function file(name: string, asked: Record<string, string | undefined>): string {
  const given = Object.entries(asked).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return `/insights/${name}.csv?${new URLSearchParams(given)}`;
}
