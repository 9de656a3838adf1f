/** What becomes of a text that somebody writes while others may write the same section. Pure: the class that types and waits is `Writing`. */
import type { Problem } from '$lib/api/problem';

/** A text of the section that the server has. */
export interface Present {
  version: number;
  body: string;
}
/** Somebody else's, which is in the way of mine. */
export interface Theirs extends Present {
  by: string | undefined;
}

export type Phase =
  { is: 'quiet' | 'waiting' | 'saving' | 'saved' } | { is: 'refused'; words: string } | { is: 'conflict'; theirs: Theirs };

interface Mine {
  text: string;
  /** Not all of it is with the server. */
  isDirty: boolean;
  /** What it was written on. */
  base: Present;
  /** What was last sent, if no answer came. */
  sent: string | undefined;
}

/**
 * What a text of the server's means for mine:
 * - `nothing`: it is known;
 * - `follow`: mine has nothing new, so theirs takes its place;
 * - `same`: mine is there, though no answer said so;
 * - `goOn`: no word of the text was changed by anybody but me, so mine goes on from there;
 * - `conflict`: both have something new.
 */
export function meet({ text, isDirty, base, sent }: Mine, present: Present): 'nothing' | 'follow' | 'same' | 'goOn' | 'conflict' {
  if (present.version < base.version) return 'nothing';
  if (!isDirty) return present.body === text.trim() ? 'same' : 'follow';
  if (present.version === base.version) return 'nothing';
  if (present.body === text.trim()) return 'same';
  if (present.body === base.body || present.body === sent?.trim()) return 'goOn';
  return 'conflict';
}

/** The other text that a CONFLICT tells of. */
export function theirsOf({ code, more }: Problem): Theirs | undefined {
  const body = (more.present as { body?: unknown } | undefined)?.body;
  if (code !== 'CONFLICT' || typeof body !== 'string' || typeof more.currentVersion !== 'number') return undefined;
  const by = (more.by as { name?: unknown } | null | undefined)?.name;
  return { body, version: more.currentVersion, by: typeof by === 'string' ? by : undefined };
}

export type Choice = 'below' | 'theirs' | 'mine';

/** The text after a choice between two; what is set aside is kept until its author lets it go. */
export function chosen(choice: Choice, mine: string, theirs: string): { text: string; aside: string | undefined } {
  if (choice === 'theirs') return { text: theirs, aside: mine };
  return { text: choice === 'mine' ? mine : below(mine, theirs), aside: undefined };
}

/** One text, and another below it. */
export const below = (text: string, other: string) => [text.trim(), other.trim()].filter((part) => part !== '').join('\n\n');
