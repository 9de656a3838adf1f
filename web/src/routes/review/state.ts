/** How far a review has got, and why none can be planned. */
import { clockTime, weekday } from '$lib/time/format';
import type { Status } from '$text';

type Times = { heldAt: string | null; calledOffAt: string | null; begunAt: string | null };
export type State = 'PLANNED' | 'CALLED_OFF' | 'BEGUN' | 'HELD';

export function stateOf({ heldAt, calledOffAt, begunAt }: Times): State {
  if (heldAt !== null) return 'HELD';
  if (calledOffAt !== null) return 'CALLED_OFF';
  return begunAt === null ? 'PLANNED' : 'BEGUN';
}

/** Why there is nothing to review, if so. */
export function nothingToReview(incident: {
  status: Status;
  declaredAt: string | null;
}): 'merged' | 'declined' | 'notDeclared' | undefined {
  if (incident.status === 'MERGED') return 'merged';
  if (incident.status === 'DECLINED') return 'declined';
  return incident.declaredAt === null ? 'notDeclared' : undefined;
}

const MINUTE = 60_000;

/** `Mon 7 Dec, 10:00–11:30` */
export function spanText(startsAt: string, minutes: number): string {
  const end = new Date(Date.parse(startsAt) + minutes * MINUTE).toISOString();
  return `${weekday(startsAt)}, ${clockTime(startsAt)}–${clockTime(end)}`;
}

/** How long it has gone on, and how much of its time is left: less than nothing once that is up. */
export function timer(begunAt: string, minutes: number, now: number): { elapsed: number; left: number } {
  const elapsed = Math.max(0, now - Date.parse(begunAt));
  return { elapsed, left: minutes * MINUTE - elapsed };
}
