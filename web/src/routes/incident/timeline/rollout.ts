/** How a change was tried and put live, in words. */
import { t } from '$text';
import type { Event } from './event';

export function rolloutWords({ tried, deployed, reason }: NonNullable<Event['change']>): string {
  const words = t.incident.timeline.change;
  const how = tried ? words.tried(tried) : words.notTried;
  return `${how}; ${deployed === 'BYPASS' ? words.BYPASS(reason ?? '') : words.NORMAL}.`.replace(/([.!?])\.$/, '$1');
}
