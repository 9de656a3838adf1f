/** What a person can do about a delivery, by its state: what the server would refuse is not offered. */
import type { DeliveryState } from './names';

export const canRetry = (state: DeliveryState) => state === 'FAILED' || state === 'RETRYING' || state === 'BY_HAND';
export const canSettle = (state: DeliveryState) =>
  state === 'FAILED' || state === 'RETRYING' || state === 'BY_HAND' || state === 'QUEUED';

/** Somebody had to be reached: then it matters whether they were, or the next one is paged. */
export const isPage = (operation: string) => operation === 'page';

export function tone(state: DeliveryState): 'plain' | 'good' | 'warn' | 'danger' {
  if (state === 'FAILED') return 'danger';
  if (state === 'BY_HAND' || state === 'RETRYING') return 'warn';
  return state === 'DELIVERED' || state === 'DONE_BY_HAND' ? 'good' : 'plain';
}
