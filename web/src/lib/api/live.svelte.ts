/** Questions, changes and live events for components; each ends with the component that asked. */
import type { DocumentInput, OperationContext, OperationResult } from '@urql/core';
import { untrack } from 'svelte';
import { client } from './client';
import { connection } from './connection.svelte';
import { problemOf, type Problem } from './problem';

type Variables = Record<string, unknown>;

/** What a question has brought so far. */
export interface Query<Data> {
  /** The newest answer; the one before stays until the next is here. */
  readonly data: Data | undefined;
  readonly problem: Problem | undefined;
  /** Nothing is here yet, and nothing went wrong. */
  readonly isLoading: boolean;
  /** The answer is from before, and a newer one is on its way. */
  readonly isStale: boolean;
  /** Asks the server again, e.g. after something happened that the cache can't know of. Calls in quick succession are one. */
  refresh(): void;
}

/**
 * Asks, keeps the answer current as the cache learns, and asks again when the variables change or the connection came back.
 * `variables` may return null for "not now". With `isKnown`, the cache was just filled by a larger question and answers the first time.
 */
export function query<Data, V extends Variables>(
  document: DocumentInput<Data, V>,
  variables: () => V | null,
  { isKnown = false } = {},
): Query<Data> {
  let data = $state.raw<Data | undefined>();
  let problem = $state.raw<Problem | undefined>();
  let isLoading = $state(true);
  let isStale = $state(false);
  let asked = $state(0);
  let soon: ReturnType<typeof setTimeout> | undefined;
  const returns = () => connection.turns + connection.sessions;
  const before = untrack(returns);

  $effect(() => {
    const present = variables();
    const isAgain = asked > 0 || returns() > before;
    if (present === null) return;
    const context: Partial<OperationContext> = {
      requestPolicy: isAgain ? 'network-only' : isKnown ? 'cache-first' : 'cache-and-network',
    };
    // What is on the page stays while the same question is asked again.
    const { unsubscribe } = client.query(document, present, context).subscribe((result: OperationResult<Data, V>) => {
      if (result.data) data = result.data;
      problem = result.error && problemOf(result.error);
      isStale = result.stale;
      if (!result.stale || result.data) isLoading = false;
    });
    return unsubscribe;
  });
  $effect(() => () => clearTimeout(soon));

  return {
    get data() {
      return data;
    },
    get problem() {
      return problem;
    },
    get isLoading() {
      return isLoading && !problem;
    },
    get isStale() {
      return isStale;
    },
    refresh() {
      clearTimeout(soon);
      soon = setTimeout(() => untrack(() => (asked += 1)), 80);
    },
  };
}

/** Hears live events as long as the component lives. `variables` may return null for "not now". */
export function subscribe<Data, V extends Variables>(
  document: DocumentInput<Data, V>,
  variables: () => V | null,
  heard: (data: Data) => void,
  refused: (problem: Problem) => void = () => {},
): void {
  $effect(() => {
    const present = variables();
    void connection.sessions;
    if (present === null) return;
    const { unsubscribe } = client.subscription(document, present).subscribe((result) => {
      if (result.data) untrack(() => heard(result.data as Data));
      if (result.error) untrack(() => refused(problemOf(result.error!)));
    });
    return unsubscribe;
  });
}

export type Outcome<Data> = { data: Data; problem?: undefined } | { data?: undefined; problem: Problem };

/** Asks once. */
export async function ask<Data, V extends Variables>(document: DocumentInput<Data, V>, variables: V): Promise<Outcome<Data>> {
  return outcome(await client.query(document, variables, { requestPolicy: 'network-only' }).toPromise());
}

/** Changes something. Never throws: a refusal is an outcome. */
export async function change<Data, V extends Variables>(document: DocumentInput<Data, V>, variables: V): Promise<Outcome<Data>> {
  return outcome(await client.mutation(document, variables).toPromise());
}

function outcome<Data, V extends Variables>(result: OperationResult<Data, V>): Outcome<Data> {
  if (result.error) return { problem: problemOf(result.error) };
  return { data: result.data as Data };
}
