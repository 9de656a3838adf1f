/** What Muster could not do by itself, put in the order in which people should do it. */

interface Waiting {
  operation: string;
  state: string;
  createdAt: string;
  incident: { id: string } | null;
}

/** Somebody must be reached: the longer it waits, the worse. */
export const isPage = ({ operation }: Pick<Waiting, 'operation'>) => operation === 'page';

/**
 * A reminder that could not be sent asks for steps that stand on the board: nobody needs to send it any more.
 * Everything else is for a person, by incident: those where somebody must be reached first, then the oldest.
 */
export function sorted<W extends Waiting>(all: W[]): { groups: { incident: W['incident']; needed: W[] }[]; reminders: W[] } {
  const byAge = all.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  const isReminder = ({ operation }: W) => operation === 'remind';
  const needed = byAge.filter((one) => !isReminder(one)).toSorted((a, b) => Number(isPage(b)) - Number(isPage(a)));
  const incidents = [...new Map(needed.map(({ incident }) => [incident?.id, incident])).values()];
  return {
    groups: incidents.map((incident) => ({ incident, needed: needed.filter((one) => one.incident?.id === incident?.id) })),
    reminders: byAge.filter(isReminder),
  };
}
