/** Messages to an endpoint, by their state. */
export const MESSAGE_STATES = ['FAILED', 'RETRYING', 'QUEUED', 'SENDING', 'DELIVERED', 'CANCELLED'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** What waits anyway need not be replayed. */
export const canReplay = (state: MessageState) => state === 'FAILED' || state === 'DELIVERED' || state === 'CANCELLED';

/** Something comes of it within moments. */
export const isMoving = (state: MessageState) => state === 'QUEUED' || state === 'SENDING';

export function tone(state: MessageState): 'plain' | 'good' | 'warn' | 'danger' {
  if (state === 'FAILED') return 'danger';
  if (state === 'RETRYING') return 'warn';
  return state === 'DELIVERED' ? 'good' : 'plain';
}

/** JSON as people read it; anything else as it is. */
export function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
