/** What a new server needs before it is any use, and what of it is done, by what the server says. */

export const FIRST_STEPS = ['people', 'onCall', 'mail', 'site'] as const;
export type FirstStep = (typeof FIRST_STEPS)[number];

export const LINKS = { people: '/people', onCall: '/on-call', mail: '/integrations', site: '/sites' } as const;

interface Known {
  people: { nodes: unknown[] };
  onCall: { firstLine: unknown };
  systems: { system: string; connected: boolean }[] | null;
  sites: { nodes: unknown[] };
}

export function doneSteps(known: Known): Set<FirstStep> {
  const { people, onCall, systems, sites } = known;
  const done = {
    people: people.nodes.length > 1,
    onCall: onCall.firstLine !== null,
    mail: systems?.some(({ system, connected }) => system === 'email' && connected) ?? false,
    site: sites.nodes.length > 0,
  };
  return new Set(FIRST_STEPS.filter((step) => done[step]));
}

/** Shown as long as nothing has happened here and something is left. */
export const isNew = (incidents: number, left: number) => incidents === 0 && left > 0;

const KEY = 'muster.skipped-first-steps';

export function skippedSteps(): FirstStep[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return FIRST_STEPS.filter((step) => Array.isArray(kept) && kept.includes(step));
  } catch {
    return [];
  }
}

export function keepSkipped(steps: FirstStep[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(steps));
  } catch {
    // Private mode: as long as the page is open.
  }
}
