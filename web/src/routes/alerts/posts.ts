/** What was posted about alerts, and what comes of it. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import { t } from '$text';

export const OUTCOMES = ['TAKEN', 'UNREADABLE', 'FAILED'] as const;
export type AlertPostOutcome = (typeof OUTCOMES)[number];

/** How far back a list goes, in hours; longer ago is everything that is kept. */
export const SPANS = [1, 24, 72] as const;

export function tone(outcome: AlertPostOutcome): 'good' | 'danger' | 'warn' {
  if (outcome === 'TAKEN') return 'good';
  return outcome === 'FAILED' ? 'warn' : 'danger';
}

/** Since when, `hours` ago; by whole minutes, so that it is the same question for a while. */
export function since(hours: number, now: number): string {
  const minute = 60_000;
  return new Date(Math.floor((now - hours * 60 * minute) / minute) * minute).toISOString();
}

/** Where a line of a text begins and ends; all of it if there is no such line. Lines count from 1. */
export function lineAt(text: string, line: number): [number, number] {
  const lines = text.split('\n');
  const found = lines[line - 1];
  if (found === undefined) return [0, text.length];
  const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return [begin, begin + found.length];
}

/** How many alarms of a post became what. */
export const CAME = graphql(`
  fragment Came on AlertPost {
    alarms
    began
    ended
    ignored
    dropped
    recorded
    quiet
    tooLow
    unjoined
    notFiring
  }
`);

/** What came of the alarms of a post that was taken, and why nothing came of some; only what there is. */
export function came(post: ResultOf<typeof CAME>): string[] {
  const words = t.alerts.inbox;
  // A mail that means nothing is counted as ignored, and there is no alert in it.
  if (post.alarms === 0) return [words.noAlerts];
  const why = (['recorded', 'quiet', 'tooLow', 'unjoined', 'notFiring', 'ignored', 'dropped'] as const)
    .filter((reason) => post[reason] > 0)
    .map((reason) => words.why[reason](post[reason]));
  return [words.came(post.alarms, post.began, post.ended), ...why];
}

export const FORESEEN = graphql(`
  fragment Foreseen on ForeseenAlarm {
    title
    fingerprint
    firing
    sites
    quiet
    differs
    outcome {
      rule
      then
      severity
      pages
    }
    inForce {
      rule
      then
      severity
      pages
    }
  }
`);
