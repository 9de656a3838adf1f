/** Moments in `<input type="datetime-local">`, which knows no zone: it shows the reader's. */

const pad = (n: number) => String(n).padStart(2, '0');

/** `2026-11-29`, by the reader's zone. */
export const localDay = (at: Date) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;

/** `2026-11-29T08:30:12`, or '' for no moment. */
export function toLocal(iso: string | null | undefined): string {
  if (!iso) return '';
  const at = new Date(iso);
  return `${localDay(at)}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** As `toLocal`, to the minute. */
export const toLocalMinute = (iso: string) => toLocal(iso).slice(0, 16);

/** The moment that was typed, as the server takes it, or null. */
export function fromLocal(text: string): string | null {
  const at = new Date(text);
  return text === '' || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
