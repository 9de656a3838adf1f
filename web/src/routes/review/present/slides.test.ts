import { expect, test } from 'vitest';
import type { Moment } from '../review';
import { covered, placeOf, slidesOf } from './slides';

const question = (topic: 'DECISIONS' | 'CLIENTS') => ({ topic, text: 'How?' });
const moment = (...topics: ('DECISIONS' | 'CLIENTS')[]): Moment => ({
  kind: 'DECISION',
  at: '2026-11-29T10:00:00Z',
  text: 'We restart it',
  event: { id: 'tle_1' },
  questions: topics.map(question),
});
const guide = {
  moments: [moment('DECISIONS'), moment('DECISIONS', 'CLIENTS')],
  closing: [question('CLIENTS')],
  coverage: [
    { topic: 'DECISIONS' as const, questions: 2 },
    { topic: 'CLIENTS' as const, questions: 2 },
  ],
};
const slides = slidesOf(guide);

test('moments stand between the opening and the closing questions', () => {
  expect(slides.map(({ is }) => is)).toEqual(['opening', 'comments', 'moment', 'moment', 'closing']);
});

test('an address leads to a slide that there is', () => {
  expect(['', '1', '3', '99', '-2', 'x'].map((text) => placeOf(text, slides))).toEqual([0, 0, 2, 4, 0, 0]);
});

test('a question counts from the slide on that shows it', () => {
  const shown = (at: number) => covered(guide, slides, at).map((topic) => topic.shown);
  expect([0, 1, 2, 3, 4].map(shown)).toEqual([
    [0, 0],
    [0, 0],
    [1, 0],
    [2, 1],
    [2, 2],
  ]);
});
