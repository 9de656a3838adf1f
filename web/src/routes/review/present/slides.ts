/** What a facilitator shows one after the other. */
import type { Guide, Moment } from '../review';

export type Slide = { is: 'opening' | 'comments' | 'closing' } | { is: 'moment'; moment: Moment };
type Topic = Guide['coverage'][number]['topic'];

export const slidesOf = (guide: Pick<Guide, 'moments'>): Slide[] => [
  { is: 'opening' },
  { is: 'comments' },
  ...guide.moments.map((moment) => ({ is: 'moment' as const, moment })),
  { is: 'closing' },
];

/** The slide that an address names, or the nearest there is. */
export function placeOf(text: string, slides: readonly Slide[]): number {
  const at = Number.parseInt(text, 10);
  return Number.isNaN(at) ? 0 : Math.min(Math.max(at - 1, 0), slides.length - 1);
}

/** Of each topic: how many of its questions have been shown once the slide `at` is, and how many there are. */
export function covered(
  guide: Pick<Guide, 'closing' | 'coverage'>,
  slides: readonly Slide[],
  at: number,
): { topic: Topic; shown: number; all: number }[] {
  const questions = slides.slice(0, at + 1).flatMap((slide) => {
    if (slide.is === 'moment') return slide.moment.questions;
    return slide.is === 'closing' ? guide.closing : [];
  });
  return guide.coverage.map(({ topic, questions: all }) => ({
    topic,
    shown: questions.filter((question) => question.topic === topic).length,
    all,
  }));
}
