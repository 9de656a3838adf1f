/** Marks a passage in a text without touching its elements. Browsers that can't do so show the comment's quote alone. */
import { placeOf } from './quote';

const NAME = 'report-passage';

/** The passage in what `root` shows. */
export function rangeOf(root: Node, quote: string): Range | undefined {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  const place = placeOf(
    nodes.map(({ data }) => data),
    quote,
  );
  if (!place) return undefined;
  const range = document.createRange();
  range.setStart(nodes[place.from.piece]!, place.from.at);
  range.setEnd(nodes[place.to.piece]!, place.to.at + 1);
  return range;
}

export function highlight(range: Range): void {
  if (!('highlights' in CSS)) return;
  CSS.highlights.set(NAME, new Highlight(range));
}
export function unhighlight(): void {
  if ('highlights' in CSS) CSS.highlights.delete(NAME);
}
