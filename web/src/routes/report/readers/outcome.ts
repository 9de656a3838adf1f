/** Whether a version may leave, and what became of it where it went. */
import type { DeliveryState } from '../../settings/names';
import type { Approval } from './versions';

type Given = NonNullable<Approval['lastApproval']>;
export type Leave =
  | { is: 'approved'; by: NonNullable<Approval['approval']> }
  /** The text is another one since. */
  | { is: 'changed'; by: Given }
  | { is: 'unapproved' };

export function leaveOf({ approval, lastApproval }: Pick<Approval, 'approval' | 'lastApproval'>): Leave {
  if (approval) return { is: 'approved', by: approval };
  return lastApproval ? { is: 'changed', by: lastApproval } : { is: 'unapproved' };
}

interface Gone {
  sha256: string;
  publishedAt: string;
  client: { id: string } | null;
  /** Kept from viewers. */
  delivery: { state: DeliveryState } | null;
}

/** In the order in which a person wants to know: the first that any of a destination's deliveries is in says how it stands. */
const STATES: [Outcome, DeliveryState[]][] = [
  ['failed', ['FAILED']],
  ['byHand', ['BY_HAND']],
  ['waiting', ['RETRYING', 'QUEUED', 'SENDING']],
  ['delivered', ['DELIVERED', 'DONE_BY_HAND']],
  ['calledOff', ['CANCELLED']],
];
export type Outcome = 'none' | 'published' | 'failed' | 'byHand' | 'waiting' | 'delivered' | 'calledOff';

/**
 * What became of what was published last for `client`, the company for null: how it stands, where it went, and whether the version, which
 * has the hash `sha256` now, reads otherwise by now. `publications` are oldest first.
 */
export function outcomeOf<Publication extends Gone>(
  publications: readonly Publication[],
  client: string | null,
  sha256: string | undefined,
): { is: Outcome; latest: Publication[]; isOld: boolean } {
  const theirs = publications.filter((one) => (one.client?.id ?? null) === client);
  const last = theirs.at(-1);
  const latest = theirs.filter(({ publishedAt }) => publishedAt === last?.publishedAt);
  const isIn = (states: DeliveryState[]) => latest.some(({ delivery }) => delivery && states.includes(delivery.state));
  const is = STATES.find(([, states]) => isIn(states))?.[0] ?? (last ? 'published' : 'none');
  return { is, latest, isOld: last !== undefined && sha256 !== undefined && last.sha256 !== sha256 };
}

/** Whether publishing sends anything: the same text is not sent twice. */
export const canPublish = ({ is, isOld }: { is: Outcome; isOld: boolean }) => is === 'none' || is === 'calledOff' || isOld;
