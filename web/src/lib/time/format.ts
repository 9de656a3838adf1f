/** Times in words, by the reader's zone. All take ISO texts, as the server sends them. */
import { t } from '$text';

const LOCALE = 'en-GB';
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const seconds = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minutes = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat(LOCALE, { weekday: 'short', day: 'numeric', month: 'short' });
const years = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });
const whole = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'long' });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const clockTime = (iso: string) => minutes.format(new Date(iso));
export const exactTime = (iso: string) => seconds.format(new Date(iso));
export const date = (iso: string) => years.format(new Date(iso));
export const weekday = (iso: string) => days.format(new Date(iso));

/** Day, time and zone. */
export const wholeTime = (iso: string) => whole.format(new Date(iso));

/** `14:05`, with the day in front if it is not today's. */
export function momentText(iso: string, now: number): string {
  return isSameDay(iso, now) ? clockTime(iso) : `${weekday(iso)}, ${clockTime(iso)}`;
}

export const isSameDay = (iso: string, now: number) => years.format(new Date(iso)) === years.format(new Date(now));

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
