/** What a document asks for, and what of it was run before. */
import { Kind, parse } from 'graphql';

export interface Run {
  document: string;
  variables: string;
}

const KEY = 'muster.explorer';
const KEPT = 20;

/** Whether it is heard over time, and not answered once. Whatever can't be read is for the server to refuse. */
export function isSubscription(document: string): boolean {
  try {
    return parse(document).definitions.some(
      (part) => part.kind === Kind.OPERATION_DEFINITION && part.operation === 'subscription',
    );
  } catch {
    return false;
  }
}

/** The variables as an object; throws what JSON says if they are none. */
export const variablesOf = (text: string): Record<string, unknown> => (text.trim() === '' ? {} : JSON.parse(text));

/** The newest first, each once. */
export const remembered = (runs: Run[], run: Run): Run[] =>
  [run, ...runs.filter(({ document, variables }) => document !== run.document || variables !== run.variables)].slice(0, KEPT);

/** What a run is called in a list: its operation, or its first fields. */
export function titleOf({ document }: Run): string {
  const line = document.replace(/#.*$/gm, '').replace(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

export function readRuns(): Run[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]');
  } catch {
    return [];
  }
}

export function keepRuns(runs: Run[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(runs));
  } catch {
    // Private mode: as long as the page is open.
  }
}
