/** A long list, page by page, from the newest on: each page stays current as the cache learns. */
import type { DocumentInput, RequestPolicy } from '@urql/core';
import { untrack } from 'svelte';
import { client } from './client';
import { connection } from './connection.svelte';
import { problemOf, type Problem } from './problem';

type Variables = Record<string, unknown>;

interface Connection<Node> {
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export interface Pages<Node> {
  readonly nodes: Node[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly problem: Problem | undefined;
  /** Reads one page more. */
  more(): void;
  /** Asks the server again for all pages that are open. */
  refresh(): void;
}

/** `list` finds the connection in an answer. The document takes `$after`; `variables` has the rest, or is null for "not now". */
export function pages<Data, V extends Variables, Node extends { id: string }>(
  document: DocumentInput<Data, V>,
  variables: () => Omit<V, 'after'> | null,
  list: (data: Data) => Connection<Node> | null | undefined,
): Pages<Node> {
  let answers = $state.raw<Connection<Node>[]>([]);
  let problem = $state.raw<Problem | undefined>();
  let isLoading = $state(true);
  let asked = $state(0);
  let open = 1;
  let question = '';
  let stops: (() => void)[] = [];
  let cursors: (string | null)[] = [];

  function stop(from: number) {
    stops.slice(from).forEach((end) => end());
    stops = stops.slice(0, from);
    cursors = cursors.slice(0, from);
  }

  function read(index: number, after: string | null, given: Omit<V, 'after'>, requestPolicy: RequestPolicy) {
    stop(index);
    cursors[index] = after;
    const { unsubscribe } = client.query(document, { ...given, after } as unknown as V, { requestPolicy }).subscribe((result) => {
      problem = result.error && problemOf(result.error);
      const answer = result.data && list(result.data);
      if (!result.stale || answer) isLoading = false;
      if (!answer) return;
      answers = [...answers.slice(0, index), answer, ...answers.slice(index + 1)];
      const { hasNextPage, endCursor } = answer.pageInfo;
      const next = index + 1;
      // The page before ends elsewhere now, so this one begins elsewhere.
      if (next < open && hasNextPage && cursors[next] !== endCursor) read(next, endCursor, given, requestPolicy);
      if (!hasNextPage) {
        stop(next);
        answers = answers.slice(0, next);
      }
    });
    stops[index] = unsubscribe;
  }

  $effect(() => {
    const given = variables();
    const isAgain = asked + connection.turns > 0;
    if (given === null) return;
    untrack(() => {
      const present = JSON.stringify(given);
      if (present !== question) {
        question = present;
        open = 1;
        answers = answers.slice(0, 1);
      }
      read(0, null, given, isAgain ? 'network-only' : 'cache-and-network');
    });
    return () => stop(0);
  });

  return {
    get nodes() {
      // While pages move against each other, one may show up on two of them.
      const all = answers.flatMap((answer) => answer.nodes);
      const firsts = Object.fromEntries(all.map((node, index) => [node.id, index]).toReversed());
      return all.filter((node, index) => firsts[node.id] === index);
    },
    get hasMore() {
      return answers.at(-1)?.pageInfo.hasNextPage ?? false;
    },
    get isLoading() {
      return isLoading && !problem;
    },
    get problem() {
      return problem;
    },
    more() {
      const last = answers.at(-1);
      const given = untrack(variables);
      if (!last?.pageInfo.hasNextPage || given === null) return;
      open = answers.length + 1;
      read(answers.length, last.pageInfo.endCursor, given, 'cache-and-network');
    },
    refresh() {
      asked += 1;
    },
  };
}
