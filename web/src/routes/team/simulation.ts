/** Steps of an imagined incident as a picture: a line for each thing that is asked for. */

interface Step<Role> {
  rule: string;
  title: string;
  audience: readonly Role[];
  dueAt: string;
}

export interface Line<Role> {
  rule: string;
  title: string;
  audience: readonly Role[];
  /** Where it falls due, from 0 at the declaration to 1 at the end. */
  at: number[];
  firstAt: string;
  /** Milliseconds from the declaration to the first. */
  firstAfter: number;
}

/** The steps come in the order in which they fall due, and so do the lines. */
export function linesOf<Role>(steps: readonly Step<Role>[], declaredAt: number, hours: number): Line<Role>[] {
  const lines = new Map<string, Line<Role>>();
  for (const { rule, title, audience, dueAt } of steps) {
    const after = Date.parse(dueAt) - declaredAt;
    const at = Math.min(1, Math.max(0, after / (hours * 3_600_000)));
    const line = lines.get(`${rule} ${title}`);
    if (line) line.at.push(at);
    else lines.set(`${rule} ${title}`, { rule, title, audience, at: [at], firstAt: dueAt, firstAfter: Math.max(0, after) });
  }
  return [...lines.values()];
}
