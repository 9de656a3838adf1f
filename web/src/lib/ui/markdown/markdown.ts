/** Markdown as tokens, and what of it may become an element: text is text, and a link leads to a page or a mail. */
import { lexer, type Token } from 'marked';
import { createContext } from 'svelte';

export type { Token, Tokens } from 'marked';

/** Where a link leads within Muster; nothing if it doesn't. */
export type Within = (href: string) => string | undefined;
export const [theWithin, setWithin] = createContext<Within>();

/** What is nested deeper is shown as it was typed. */
export const DEEPEST = 12;

export function tokensOf(text: string): Token[] {
  try {
    return lexer(text, { gfm: true });
  } catch {
    // Nested until the stack is full: as it was typed.
    return [{ type: 'text', raw: text, text }];
  }
}

/** Where a link may lead; nothing for all that is no page and no mail. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined;
  } catch {
    // Relative: it would lead somewhere in Muster, which nobody meant.
    return undefined;
  }
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Characters that Markdown lets be written by name or number. */
export function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED[name] ?? whole;
    const code = decimal ? parseInt(decimal, 10) : parseInt(hex ?? '', 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The words that a reader sees. */
export function plainText(text: string): string {
  return tokensOf(text).map(wordsOf).join('\n');
}

function wordsOf(token: Token): string {
  switch (token.type) {
    case 'list':
      return token.items.map(wordsOf).join('\n');
    case 'list_item':
    case 'blockquote':
      return (token.tokens ?? []).map(wordsOf).join('\n');
    case 'table':
      return [token.header, ...token.rows].map((row) => row.map(cellOf).join(' ')).join('\n');
    case 'br':
    case 'space':
    case 'hr':
    case 'checkbox':
      return '\n';
    case 'codespan':
    case 'code':
    case 'html':
      return token.text;
    default:
      return 'tokens' in token && token.tokens
        ? token.tokens.map(wordsOf).join('')
        : unescaped('text' in token ? String(token.text) : '');
  }
}

const cellOf = (cell: { tokens: Token[] }) => cell.tokens.map(wordsOf).join('');
