/** What is typed into the composer: kinds by `/`, pasted terminal output, limits. */

export const KINDS = ['NOTE', 'COMMAND', 'CHANGE', 'FINDING', 'DECISION', 'UPDATE'] as const;
export type Kind = (typeof KINDS)[number];

/** What the text for an incident is kept as; see `Draft`. */
export const draftName = (reference: string) => `incident.${reference}`;

/** Characters of an event's text, as the server counts them. */
export const TEXT_CHARS = 50_000;
export const FILE_BYTES = 25 * 1024 * 1024;

/** What was typed after a `/` at the beginning, while it may still become a kind. */
export function slashOf(text: string): string | undefined {
  return /^\/([a-z]*)$/i.exec(text)?.[1]?.toLowerCase();
}

/** The kinds that a beginning may mean. */
export const kindsFor = (typed: string) => KINDS.filter((kind) => kind.toLowerCase().startsWith(typed));

/** `/command rest` as a kind and the rest; a path like `/var/log` is neither. */
export function splitKind(text: string): { kind: Kind; rest: string } | undefined {
  const found = /^\/([a-z]+)[ \n]([\s\S]*)$/i.exec(text);
  const kind = KINDS.find((kind) => kind.toLowerCase() === found?.[1]?.toLowerCase());
  return kind && found ? { kind, rest: found[2] ?? '' } : undefined;
}

/** The text with `pasted` at the selection, as a code block where it is several lines of a command. */
export function withPasted(text: string, from: number, to: number, pasted: string): { text: string; at: number } {
  const before = text.slice(0, from);
  const after = text.slice(to);
  const isInside = (before.match(/^```/gm)?.length ?? 0) % 2 === 1;
  const body = pasted.replace(/\r\n?/g, '\n').replace(/^\n+|\s+$/g, '');
  const block = isInside
    ? body
    : `${before === '' || before.endsWith('\n') ? '' : '\n'}\`\`\`\n${body}\n\`\`\`${after === '' ? '\n' : after.startsWith('\n') ? '' : '\n'}`;
  return { text: before + block + after, at: before.length + block.length };
}

/** Whether pasted text is a block of its own. */
export const isBlock = (pasted: string) => /\n\s*\S/.test(pasted.trim()) && !pasted.includes('```');

/** Characters, not UTF-16 units. */
export const length = (text: string) => (text.length <= TEXT_CHARS / 2 ? text.length : [...text].length);

/** `1.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const kilo = bytes / 1_000;
  return kilo < 1_000 ? `${kilo < 10 ? kilo.toFixed(1) : Math.round(kilo)} kB` : `${(kilo / 1_000).toFixed(1)} MB`;
}
