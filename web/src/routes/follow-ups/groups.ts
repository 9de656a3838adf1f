/** Follow-ups by how soon they are due. Days are the reader's. */

interface Due {
  id: string;
  state: string;
  dueOn: string | null;
  settledAt: string | null;
}

export const GROUPS = ['overdue', 'week', 'later', 'undated', 'done'] as const;
export type Group = (typeof GROUPS)[number];

const DAY = 86_400_000;
/** How long what is settled is shown. */
const LATELY = 30 * DAY;

const today = (now: number) => {
  const at = new Date(now);
  return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
};

/** Days until it is due: negative if it is late. */
export const daysLeft = (dueOn: string, now: number) => Math.round((Date.parse(dueOn) - today(now)) / DAY);

export function groupOf({ state, dueOn, settledAt }: Due, now: number): Group | undefined {
  if (state !== 'OPEN') return settledAt !== null && now - Date.parse(settledAt) < LATELY ? 'done' : undefined;
  if (dueOn === null) return 'undated';
  const days = daysLeft(dueOn, now);
  if (days < 0) return 'overdue';
  return days < 7 ? 'week' : 'later';
}

/** In each group what is due first comes first; of what is done, the newest. */
export function grouped<F extends Due>(all: F[], now: number): { group: Group; followUps: F[] }[] {
  const when = ({ dueOn, settledAt }: F, group: Group) =>
    group === 'done' ? -Date.parse(settledAt ?? '') : dueOn === null ? 0 : Date.parse(dueOn);
  return GROUPS.map((group) => ({
    group,
    followUps: all.filter((followUp) => groupOf(followUp, now) === group).toSorted((a, b) => when(a, group) - when(b, group)),
  })).filter(({ followUps }) => followUps.length > 0);
}
