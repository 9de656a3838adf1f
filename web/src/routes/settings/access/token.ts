/** Whether a token is of no use any more. */
export const isOver = (token: { revokedAt: string | null; expiresAt: string | null }, now: number) =>
  token.revokedAt !== null || (token.expiresAt !== null && Date.parse(token.expiresAt) <= now);

/** What people type into a box, one a line, as the API takes it: undefined for nothing. */
export function lines(typed: string): string[] | undefined {
  const found = typed
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return found.length > 0 ? found : undefined;
}

/** Documents are texts of many lines: `---` on a line of its own stands between two. They count to the letter, so nothing is trimmed inside. */
export function documents(typed: string): string[] | undefined {
  const found = typed
    .split(/^-{3,}\s*$/m)
    .map((text) => text.trim())
    .filter((text) => text !== '');
  return found.length > 0 ? found : undefined;
}

/** The end of a day in so many days. */
export const daysFrom = (now: number, days: number) => new Date(now + days * 86_400_000).toISOString();
