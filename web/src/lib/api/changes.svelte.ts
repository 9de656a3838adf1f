/** One subscription a tab hears what may have changed beside new events; lists and pages ask to be told. */
import { graphql, type ResultOf } from './graphql';
import { subscribe } from './live.svelte';

const CHANGES = graphql(`
  subscription Changes {
    changes {
      kind
      event {
        id
        starred
        text
        details
        redactedAt
      }
    }
  }
`);

type Change = ResultOf<typeof CHANGES>['changes'];

// Nothing is drawn from it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const listeners = new Set<(change: Change) => void>();

/** For the shell, once. The cache learns of stars and redactions by itself. */
export function hearChanges(): void {
  subscribe(
    CHANGES,
    () => ({}),
    ({ changes }) => listeners.forEach((tell) => tell(changes)),
  );
}

/** What is busy is told this often at most. */
const PAUSE = 2_000;

/** Calls `tell` whenever something of this kind may have changed, as long as the component lives. */
export function onChange(kind: Change['kind'], tell: () => void): void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  let isMore = false;
  const now = () => {
    tell();
    isMore = false;
    soon = setTimeout(() => {
      soon = undefined;
      if (isMore) now();
    }, PAUSE);
  };
  const hear = (change: Change) => {
    if (change.kind !== kind) return;
    if (soon) isMore = true;
    else now();
  };
  $effect(() => {
    listeners.add(hear);
    return () => {
      listeners.delete(hear);
      clearTimeout(soon);
    };
  });
}
