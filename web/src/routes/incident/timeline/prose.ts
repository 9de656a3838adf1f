/** Markdown as it was written: only code blocks are set apart and addresses made links. */

export type Block = { is: 'text'; parts: Part[] } | { is: 'code'; text: string; lines: number };
export type Part = { text: string; href?: string };

/** Longer code is folded. */
export const FOLD_LINES = 12;
const FOLD_CHARACTERS = 1_500;

export function blocksOf(text: string, isCode = false): Block[] {
  if (isCode && !text.includes('```')) return [code(text)];
  return text
    .split(/^```[^\n`]*\n?/m)
    .map((part, i): Block | undefined => {
      const isBlock = i % 2 === 1;
      // The first line of code may be indented on purpose.
      const trimmed = isBlock ? part.replace(/^\n+|\s+$/g, '') : part.trim();
      if (trimmed === '') return undefined;
      return isBlock ? code(trimmed) : { is: 'text', parts: partsOf(trimmed) };
    })
    .filter((block) => block !== undefined);
}

const code = (text: string): Block => ({ is: 'code', text, lines: text.split('\n').length });

export const isLong = (block: { text: string; lines: number }) =>
  block.lines > FOLD_LINES + 3 || block.text.length > FOLD_CHARACTERS + 300;

/** The beginning of long code. */
export const folded = (text: string) => text.split('\n').slice(0, FOLD_LINES).join('\n').slice(0, FOLD_CHARACTERS);

/** Addresses in a text as links; whatever ends a sentence is not part of them. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'`]+/g)) {
    const href = found[0].replace(/[.,;:!?)\]]+$/, '');
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push({ text: href, href });
    from = found.index + href.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** One line of it, for where there is no room for more. */
export function oneLine(text: string, most = 220): string {
  const line = text
    .replace(/```\w*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
}
