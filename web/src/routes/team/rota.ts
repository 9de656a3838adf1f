/** The rota as a calendar: weeks of the reader's zone, and in each the shifts of both lines with their gaps. */

export type Line = 'FIRST' | 'SECOND';

export interface Stretch {
  line: Line;
  person: { id: string; name: string };
  startsAt: string;
  /** Null if it lasts beyond the period that was asked for. */
  endsAt: string | null;
}

/** A piece of a week: somebody's, or nobody's. Times in milliseconds, whole even where the week cuts it off. */
export interface Bar {
  person: { id: string; name: string } | undefined;
  startsAt: number;
  /** Undefined if it goes on beyond what was asked for. */
  endsAt: number | undefined;
  /** Where it is in the week, in days from Monday, 0 to 7. */
  from: number;
  to: number;
}

export interface Week {
  /** Its seven midnights. */
  days: Date[];
  FIRST: Bar[];
  SECOND: Bar[];
}

export const addDays = (day: Date, count: number) => new Date(day.getFullYear(), day.getMonth(), day.getDate() + count);

/** The midnight at which the week of this moment begins. */
export function monday(at: Date): Date {
  return addDays(at, -((at.getDay() + 6) % 7));
}

/** `count` weeks from a Monday. Nobody's time is a gap only from `now` on: what is over can't be mended. */
export function weeksOf(stretches: Stretch[], start: Date, count: number, now: number): Week[] {
  const end = addDays(start, 7 * count).getTime();
  const line = (which: Line) =>
    withGaps(stretches.filter((stretch) => stretch.line === which).map(span), Math.max(now, start.getTime()), end);
  const lines = { FIRST: line('FIRST'), SECOND: line('SECOND') };
  return Array.from({ length: count }, (_, index) => {
    const days = Array.from({ length: 7 }, (_, day) => addDays(start, 7 * index + day));
    return { days, FIRST: within(lines.FIRST, days), SECOND: within(lines.SECOND, days) };
  });
}

type Span = Omit<Bar, 'from' | 'to'>;

const span = ({ person, startsAt, endsAt }: Stretch): Span => ({
  person,
  startsAt: Date.parse(startsAt),
  endsAt: endsAt === null ? undefined : Date.parse(endsAt),
});

function withGaps(spans: Span[], from: number, end: number): Span[] {
  const sorted = spans.toSorted((a, b) => a.startsAt - b.startsAt);
  const all: Span[] = [];
  let covered = from;
  for (const present of sorted) {
    if (present.startsAt > covered) all.push({ person: undefined, startsAt: covered, endsAt: present.startsAt });
    all.push(present);
    covered = Math.max(covered, present.endsAt ?? end);
  }
  if (covered < end) all.push({ person: undefined, startsAt: covered, endsAt: undefined });
  return all;
}

function within(spans: Span[], days: Date[]): Bar[] {
  const start = days[0]!.getTime();
  const end = addDays(days[0]!, 7).getTime();
  return spans
    .filter(({ startsAt, endsAt }) => startsAt < end && (endsAt ?? Infinity) > start)
    .map((present) => ({
      ...present,
      from: inDays(Math.max(present.startsAt, start), days),
      to: inDays(Math.min(present.endsAt ?? end, end), days),
    }));
}

/** A day is as wide as any other, also one of 23 hours. */
function inDays(at: number, days: Date[]): number {
  const index = days.findLastIndex((day) => day.getTime() <= at);
  const start = days[index]!.getTime();
  return index + (at - start) / (addDays(days[index]!, 1).getTime() - start);
}
