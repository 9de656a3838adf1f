/** Which events are shown: said in the address, asked of the server, and applied to what arrives live. */
import type { Event, Kind } from './event';

export interface Filter {
  kinds: Kind[];
  starred: boolean;
  /** A person's id, or ''. */
  person: string;
  text: string;
  /** Reminders too: they are on the steps already, and here they would hide what people did. */
  reminders: boolean;
}

export function filterOf(params: URLSearchParams): Filter {
  return {
    kinds: (params.get('kinds') ?? '').split(',').filter(Boolean) as Kind[],
    starred: params.get('starred') === 'true',
    person: params.get('person') ?? '',
    text: params.get('text') ?? '',
    reminders: params.get('reminders') === 'true',
  };
}

/** The same in the address; what is as usual is left out. */
export function paramsOf(filter: Filter): Record<keyof Filter, string> {
  return {
    kinds: filter.kinds.join(','),
    starred: filter.starred ? 'true' : '',
    person: filter.person,
    text: filter.text.trim(),
    reminders: filter.reminders ? 'true' : '',
  };
}

export const countOf = (filter: Filter) => Object.values(paramsOf(filter)).filter(Boolean).length;

/** As the server takes it. */
export function inputOf(filter: Filter) {
  return {
    kinds: filter.kinds.length > 0 ? filter.kinds : null,
    exceptKinds: filter.reminders || filter.kinds.includes('PROMPT') ? null : (['PROMPT'] as Kind[]),
    starred: filter.starred || null,
    actorId: filter.person || null,
    text: filter.text.trim() || null,
  };
}

/** Whether an event that the server did not pick itself is shown. */
export function passes(event: Event, filter: Filter): boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const text = event.text.toLowerCase();
  return (
    (filter.kinds.length === 0 || filter.kinds.includes(event.kind)) &&
    (filter.reminders || filter.kinds.includes('PROMPT') || event.kind !== 'PROMPT') &&
    (!filter.starred || event.starred) &&
    (!filter.person || event.actor?.id === filter.person) &&
    words.every((word) => text.includes(word))
  );
}
