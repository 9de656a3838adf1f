/** Changes something on a page: says so, and has the page ask again. Returns what went wrong, in the shape that `Form` takes. */
import type { DocumentInput } from '@urql/core';
import { announce } from '$lib/ui/announce.svelte';
import { change } from './live.svelte';
import type { Problem } from './problem';

export async function act<Data, V extends Record<string, unknown>>(
  document: DocumentInput<Data, V>,
  variables: V,
  { said, refresh, took }: { said: string; refresh: () => void; took?: ((data: Data) => void) | undefined },
): Promise<Problem | undefined> {
  const { data, problem } = await change(document, variables);
  // After a refusal too: it may be because somebody else was faster.
  refresh();
  if (problem) return problem;
  announce(said);
  took?.(data);
  return undefined;
}

/** What all parts of a page share: how it is asked for again, and so how it is changed. */
export class Acting {
  refresh: () => void;

  constructor(refresh: () => void) {
    this.refresh = refresh;
  }

  /** See `act`; what it changed is asked for again. */
  act<Data, V extends Record<string, unknown>>(
    document: DocumentInput<Data, V>,
    variables: V,
    said: string,
    took?: (data: Data) => void,
  ): Promise<Problem | undefined> {
    return act(document, variables, { said, refresh: this.refresh, took });
  }
}
