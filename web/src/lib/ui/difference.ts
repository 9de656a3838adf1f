/** How one text became another, by words. */
import { diffLines, diffWordsWithSpace } from 'diff';

export interface Part {
  change: 'ADDED' | 'KEPT' | 'REMOVED';
  text: string;
}

/** Looking longer for the smallest difference would hold up who is typing. */
const PATIENCE = 300;
/** How much of what both have is shown around a change. */
const AROUND = 120;

export function differenceOf(before: string, after: string): Part[] {
  const options = { timeout: PATIENCE };
  const found = diffWordsWithSpace(before, after, options) ?? diffLines(before, after, options);
  if (!found) return partsOf(before, after);
  return found.map(({ added, removed, value }) => ({ change: added ? 'ADDED' : removed ? 'REMOVED' : 'KEPT', text: value }));
}

const partsOf = (before: string, after: string): Part[] => [
  { change: 'REMOVED', text: before },
  { change: 'ADDED', text: after },
];

/** Without what both have far from any change. */
export function shortened(parts: readonly Part[]): Part[] {
  return parts.map((part, i) => {
    if (part.change !== 'KEPT') return part;
    const isFirst = i === 0;
    const isLast = i === parts.length - 1;
    if (part.text.length <= (isFirst || isLast ? 1 : 2) * AROUND + 20) return part;
    const head = isFirst ? '' : part.text.slice(0, AROUND).replace(/\S*$/, '');
    const tail = isLast ? '' : part.text.slice(-AROUND).replace(/^\S*/, '');
    return { change: 'KEPT', text: `${head}${head && tail ? ' … ' : '…'}${tail}` };
  });
}
