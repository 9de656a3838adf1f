/** What comes next for a report, and what else can be done with it. */
import type { Report, Section } from './report';

export type Deed = 'author' | 'circulate' | 'finish' | 'takeBack';
export interface Next {
  /** What it waits for. */
  is: 'author' | 'write' | 'circulate' | 'fix' | 'finish' | 'done';
  /** What does it, where a button can. */
  deed?: Deed;
  others: Deed[];
}

type Standing = Pick<Report, 'state' | 'author' | 'comments' | 'sections'>;

/** Sections that a draft needs and that say nothing yet. */
export const missing = (sections: readonly Section[]) => sections.filter(({ required, body }) => required && body === '');

/** Comments that ask for a change before it is finished. */
export const toFix = (comments: Report['comments']) =>
  comments.filter(({ kind, resolvedAt }) => kind === 'FIX_NOW' && resolvedAt === null);

export function nextOf({ state, author, comments, sections }: Standing): Next {
  const isWritten = missing(sections).length === 0;
  switch (state) {
    case 'DRAFT':
      if (!author) return { is: 'author', deed: 'author', others: isWritten ? ['circulate'] : [] };
      return isWritten ? { is: 'circulate', deed: 'circulate', others: [] } : { is: 'write', others: [] };
    case 'CIRCULATED':
      if (!isWritten) return { is: 'write', others: ['takeBack'] };
      return toFix(comments).length > 0
        ? { is: 'fix', others: ['circulate', 'takeBack'] }
        : { is: 'finish', deed: 'finish', others: ['circulate', 'takeBack'] };
    case 'FINAL':
      return { is: 'done', others: ['takeBack'] };
  }
}
