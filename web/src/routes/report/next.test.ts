import { expect, test } from 'vitest';
import { nextOf } from './next';
import type { Comment, Section } from './report';

const section = (body: string, required = true) => ({ key: 's', body, required }) as Section;
const comment = (kind: Comment['kind'], resolvedAt: string | null = null) => ({ kind, resolvedAt }) as Comment;
const author = { id: 'per_1', name: 'Sam' };
const draft = { state: 'DRAFT' as const, author, comments: [], sections: [section('Written.')] };

test('a draft needs an author, then its sections, then readers', () => {
  expect(nextOf({ ...draft, author: null }).deed).toBe('author');
  expect(nextOf({ ...draft, sections: [section(''), section('', false)] }).is).toBe('write');
  expect(nextOf({ ...draft, sections: [section('Written.'), section('', false)] })).toEqual({
    is: 'circulate',
    deed: 'circulate',
    others: [],
  });
});

test('comments that ask for a change come before the end, others do not', () => {
  const circulated = { ...draft, state: 'CIRCULATED' as const };
  expect(nextOf({ ...circulated, comments: [comment('FIX_NOW')] }).is).toBe('fix');
  expect(nextOf({ ...circulated, comments: [comment('FOR_REVIEW'), comment('FIX_NOW', '2026-11-29T10:00:00Z')] }).deed).toBe(
    'finish',
  );
});

test('what is final can only be taken back', () => {
  expect(nextOf({ ...draft, state: 'FINAL' })).toEqual({ is: 'done', others: ['takeBack'] });
});
