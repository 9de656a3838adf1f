/** Times in words, by the reader's zone. All take ISO texts, as the server sends them. */
import { t } from '$text';
import { localDay, toLocal } from './local';

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const exactTime = (iso: string) => toLocal(iso).slice(11);
export const clockTime = (iso: string) => exactTime(iso).slice(0, 5);
export function date(iso: string): string {
  const at = new Date(iso);
  return t.time.date(at.getDate(), at.getMonth(), at.getFullYear());
}
export function weekday(iso: string): string {
  const at = new Date(iso);
  return t.time.day(at.getDay(), at.getDate(), at.getMonth());
}

/** Made when it is first wanted: the browser's own words for times cost a page as much as many events of the timeline. */
let whole: Intl.DateTimeFormat | undefined;

/** Day, time and zone. */
export const wholeTime = (iso: string) =>
  (whole ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })).format(new Date(iso));

/** `14:05`, with the day in front if it is not today's. */
export function momentText(iso: string, now: number): string {
  return isSameDay(iso, now) ? clockTime(iso) : `${weekday(iso)}, ${clockTime(iso)}`;
}

export const isSameDay = (iso: string, now: number) => localDay(new Date(iso)) === localDay(new Date(now));

/** How long, in the two largest units: `1 h 05 min`. */
export function duration(milliseconds: number): string {
  const { units } = t.time;
  const long = Math.max(0, milliseconds);
  if (long < MINUTE) return units.seconds(Math.floor(long / 1_000));
  if (long < HOUR) return units.minutes(Math.floor(long / MINUTE));
  if (long < 2 * DAY) return units.hours(Math.floor(long / HOUR), Math.floor((long % HOUR) / MINUTE));
  return units.days(Math.floor(long / DAY), Math.floor((long % DAY) / HOUR));
}

/** `in 5 min`, `5 min ago`, `now`. */
export function relative(iso: string, now: number): string {
  const away = Date.parse(iso) - now;
  if (Math.abs(away) < 1_000) return t.time.now;
  return away > 0 ? t.time.in(duration(away)) : t.time.ago(duration(-away));
}

/** When a step is due, by `dueAt` and `overdueAt`, now: the server says it too, but only when it is asked. */
export function dueState(step: { state: string; dueAt: string; overdueAt: string | null }, now: number): string {
  if (step.state === 'DONE' || step.state === 'WAIVED') return step.state;
  if (step.overdueAt !== null && Date.parse(step.overdueAt) <= now) return 'OVERDUE';
  return Date.parse(step.dueAt) <= now ? (step.state === 'OVERDUE' ? 'OVERDUE' : 'DUE') : 'UPCOMING';
}
