/** Which passage of a section a comment is about, and whether it still stands there. */
import { plainText } from '$lib/ui/markdown/markdown';

/** Line breaks and gaps differ between what is written, shown and selected. */
const squeezed = (text: string) => text.replace(/\s+/g, '');

/** Whether the section has the passage, as it is written or as it is read. */
export function stands(body: string, quote: string): boolean {
  const passage = squeezed(quote);
  return passage !== '' && (squeezed(plainText(body)).includes(passage) || squeezed(body).includes(passage));
}

/** Where a passage begins and ends in pieces of text that follow one another: piece and place in it, both ends included. */
export function placeOf(
  pieces: readonly string[],
  quote: string,
): { from: { piece: number; at: number }; to: { piece: number; at: number } } | undefined {
  const passage = squeezed(quote);
  if (passage === '') return undefined;
  const places: { piece: number; at: number }[] = [];
  let text = '';
  pieces.forEach((words, piece) => {
    for (let at = 0; at < words.length; at++) {
      if (/\s/.test(words[at]!)) continue;
      text += words[at];
      places.push({ piece, at });
    }
  });
  const start = text.indexOf(passage);
  const [from, to] = [places[start], places[start + passage.length - 1]];
  return start >= 0 && from && to ? { from, to } : undefined;
}
