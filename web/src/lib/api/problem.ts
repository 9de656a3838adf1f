/** What went wrong, in words for the person who did it, with the way out. */
import type { CombinedError } from '@urql/core';
import { t } from '$text';

export interface Problem {
  /** The server's code, or OFFLINE, or NOT_MUSTER if something else answered. */
  code: string;
  words: string;
  /** The input's field that the server names, e.g. `name`. */
  field?: string | undefined;
  /** What the server knows about it beyond that: its error's extensions. */
  more: Record<string, unknown>;
}

/** An answer that did not come from Muster, but from something on the way. */
export class NotMuster extends Error {}

/** Whether the server refused this field, in the shape that `aria-invalid` takes. */
export const isAt = (problem: Problem | undefined, field: string): true | undefined => problem?.field === field || undefined;

export function problemOf(error: CombinedError): Problem {
  const refusal = error.graphQLErrors[0];
  if (refusal) {
    const more = (refusal.extensions ?? {}) as Record<string, unknown>;
    const code = typeof more.code === 'string' ? more.code : 'INTERNAL';
    const field = typeof more.field === 'string' ? more.field : undefined;
    return { code, words: wordsFor(code, refusal.message, more), field, more };
  }
  const code = error.networkError instanceof NotMuster ? 'NOT_MUSTER' : 'OFFLINE';
  return { code, words: wordsFor(code, error.message, {}), more: {} };
}

function wordsFor(code: string, message: string, more: Record<string, unknown>): string {
  const { problems } = t;
  switch (code) {
    case 'UNAUTHENTICATED':
      return problems.signedOut;
    case 'UNAVAILABLE':
      return problems.unavailable;
    case 'OFFLINE':
      return problems.offline;
    case 'NOT_MUSTER':
      return problems.notMuster;
    case 'INTERNAL':
      return problems.internal(typeof more.requestId === 'string' ? more.requestId : undefined);
    // The server's own words say what to do.
    default:
      return message;
  }
}
