/** What somebody who plans a review has chosen and typed so far. */
import type { VariablesOf } from '$lib/api/graphql';
import type { Option } from '$lib/ui/option';
import type { PLAN, Review, SCHEDULE, Plan } from '../review';

export interface Typed {
  /** '' as long as the first time proposed will do. */
  startsAt: string;
  /** A time of one's own, not one that is proposed. */
  isOther: boolean;
  /** '' for as long as the server suggests. */
  minutes: string;
  place: string;
  facilitatorId: string;
  noteTakerId: string;
  seniorId: string;
  also: Option[];
  reason: string;
}

export const NOTHING: Typed = {
  startsAt: '',
  isOther: false,
  minutes: '',
  place: '',
  facilitatorId: '',
  noteTakerId: '',
  seniorId: '',
  also: [],
  reason: '',
};

/** The plan as it stands, to be changed. Who is welcome was added by hand: all others follow from the record. */
export function typedOf(review: Review): Typed {
  const byHand = review.attendees.filter(({ expectation }) => expectation === 'MAY');
  return {
    startsAt: review.startsAt,
    isOther: false,
    minutes: String(review.durationMinutes),
    place: review.place ?? '',
    facilitatorId: review.facilitator?.id ?? '',
    noteTakerId: review.noteTaker?.id ?? '',
    seniorId: review.seniorOutsider?.id ?? '',
    also: byHand.flatMap(({ person }) => (person ? [{ id: person.id, label: person.name }] : [])),
    reason: review.overrideReason ?? '',
  };
}

/** What was kept, over what the form begins with. */
export function restored(kept: string, first: Typed): Typed {
  try {
    return { ...first, ...JSON.parse(kept) };
  } catch {
    // Nothing was kept, or by another version of this page.
    return first;
  }
}

/** The question that goes with it. */
export function wishesOf(incidentId: string, typed: Typed): VariablesOf<typeof PLAN>['input'] {
  return {
    incidentId,
    startsAt: typed.startsAt || null,
    durationMinutes: typed.minutes === '' ? null : Number(typed.minutes),
    facilitatorId: typed.facilitatorId || null,
    noteTakerId: typed.noteTakerId || null,
    seniorOutsiderId: typed.seniorId || null,
    extraAttendeeIds: typed.also.map(({ id }) => id),
  };
}

/** The plan to make, where the server completed what was left open. */
export function planOf(
  incidentId: string,
  typed: Typed,
  { startsAt, durationMinutes }: Pick<Plan, 'startsAt' | 'durationMinutes'>,
): VariablesOf<typeof SCHEDULE>['input'] {
  return {
    ...wishesOf(incidentId, typed),
    startsAt: typed.startsAt || startsAt,
    durationMinutes: typed.minutes === '' ? durationMinutes : Number(typed.minutes),
    facilitatorId: typed.facilitatorId,
    noteTakerId: typed.noteTakerId,
    place: typed.place.trim() || null,
    overrideReason: typed.reason.trim() || null,
  };
}

export const isSameTime = (a: string, b: string) => Date.parse(a) === Date.parse(b);

/** Lengths to choose from, in minutes; whatever was chosen otherwise is among them. */
export function lengths(present: number): number[] {
  return [...new Set([30, 45, 60, 75, 90, 105, 120, 150, 180, 240, present])].sort((a, b) => a - b);
}
