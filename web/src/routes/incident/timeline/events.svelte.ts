/** The timeline of one incident: its newest page, older ones on demand, and everything that happens from now on. */
import { connection } from '$lib/api/connection.svelte';
import { graphql } from '$lib/api/graphql';
import { ask, subscribe } from '$lib/api/live.svelte';
import type { Problem } from '$lib/api/problem';
import { createContext, untrack } from 'svelte';
import { EVENT, type Event } from './event';
import { inputOf, passes, type Filter } from './filter';
import { merge, withoutRedacted } from './rows';

export const PAGE = 100;

const TAIL = graphql(
  `
    subscription Tail($incidentId: ID!, $after: String) {
      timeline(incidentId: $incidentId, after: $after) {
        cursor
        node {
          ...Event
        }
      }
    }
  `,
  [EVENT],
);

const EVENTS = graphql(
  `
    query Events($id: ID!, $before: String, $filter: TimelineFilter) {
      node(id: $id) {
        ... on Incident {
          id
          timeline(last: 100, before: $before, filter: $filter) {
            nodes {
              ...Event
            }
            pageInfo {
              startCursor
              hasPreviousPage
            }
          }
        }
      }
    }
  `,
  [EVENT],
);

/** How many events fill a screen, at least. */
const screenful = () => Math.ceil(window.innerHeight / 50);

interface Page {
  nodes: readonly Event[];
  pageInfo: { startCursor: string | null; hasPreviousPage: boolean };
}

export class Timeline {
  /** Everything that is known, by sequence. */
  all = $state.raw<readonly Event[]>([]);
  hasOlder = $state(false);
  isLoading = $state(false);
  problem = $state.raw<Problem | undefined>();
  /** Set once the events come from the beginning of a list: they are not new below. */
  isGrowingUp = $state(false);
  #id: string;
  #filter: () => Filter;
  /** The oldest sequence loaded under the present filter: what is older may have holes. */
  #from = $state(0);
  /** What the server picked under a filter, which may know better than we. */
  // Replaced as a whole, never changed.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  #picked = $state.raw<ReadonlySet<string>>(new Set());
  #start: string | null = null;
  /** What came with the page and is older than the first screen. */
  #rest: readonly Event[] = [];
  #hasOlderThanRest = false;
  #cursor: string | null;
  #again = $state(0);
  #heard: Event[] = [];
  #asked = 0;

  constructor(id: string, filter: () => Filter, page: Page, cursor: string | null) {
    this.#id = id;
    this.#filter = filter;
    this.#cursor = cursor;
    // The first screen is drawn first: the rest is there at once when older events are wanted.
    const { nodes, pageInfo } = page;
    const at = Math.max(0, nodes.length - screenful());
    this.#take({ nodes: nodes.slice(at), pageInfo: { ...pageInfo, hasPreviousPage: pageInfo.hasPreviousPage || at > 0 } }, true);
    this.#rest = nodes.slice(0, at);
    this.#hasOlderThanRest = pageInfo.hasPreviousPage;
  }

  shown = $derived.by(() => {
    const filter = this.#filter();
    const isLoose = filter.text.trim() === '';
    return this.all.filter(
      (event) => event.sequence >= this.#from && (passes(event, filter) || (!isLoose && this.#picked.has(event.id))),
    );
  });

  /**
   * Hears what happens, from the last event that is known whenever the connection comes back. For the page, once. `lost` is told that
   * there is nothing more to hear for this person.
   */
  follow(heard: (events: readonly Event[]) => void, lost: () => void): void {
    // What does not come by itself is asked for.
    $effect(() => {
      if (connection.turns > 0 && connection.state === 'away') void untrack(() => this.restart());
    });
    subscribe(
      TAIL,
      () => {
        // Both are reasons to subscribe anew; the cursor is the newest at that moment.
        void connection.turns;
        void this.#again;
        return { incidentId: this.#id, after: this.#cursor };
      },
      ({ timeline }) => {
        this.#cursor = timeline.cursor;
        if (this.#heard.push(timeline.node) > 1) return;
        // After a time away many come at once.
        setTimeout(() => {
          const events = this.#heard;
          this.#heard = [];
          this.add(events);
          heard(events);
        }, 16);
      },
      ({ code }) => {
        if (code === 'UNAUTHENTICATED') return;
        if (code === 'NOT_FOUND') return lost();
        setTimeout(() => (this.#again += 1), 1_000);
      },
    );
  }

  add(events: readonly Event[]): void {
    this.isGrowingUp = false;
    this.all = withoutRedacted(merge(this.all, events));
  }

  /** What others marked since: `starred` are all key moments, by id. */
  markStarred(starred: ReadonlySet<string>): void {
    if (this.all.every((event) => event.starred === starred.has(event.id))) return;
    this.all = this.all.map((event) =>
      event.starred === starred.has(event.id) ? event : { ...event, starred: starred.has(event.id) },
    );
  }

  /** Asks for the newest page under the present filter. */
  async restart(): Promise<void> {
    await this.#load(null);
  }

  async older(): Promise<void> {
    if (this.isLoading || !this.hasOlder) return;
    if (this.#rest.length > 0) {
      const pageInfo = { startCursor: this.#start, hasPreviousPage: this.#hasOlderThanRest };
      return this.#take({ nodes: this.#rest, pageInfo }, false);
    }
    await this.#load(this.#start);
  }

  async #load(before: string | null): Promise<void> {
    const turn = ++this.#asked;
    this.isLoading = true;
    const { data, problem } = await ask(EVENTS, { id: this.#id, before, filter: inputOf(this.#filter()) });
    if (turn !== this.#asked) return;
    this.isLoading = false;
    this.problem = problem;
    if (data?.node && 'timeline' in data.node) this.#take(data.node.timeline, before === null);
  }

  #take({ nodes, pageInfo }: Page, isFirst: boolean): void {
    this.isGrowingUp = !isFirst;
    this.#rest = [];
    this.hasOlder = pageInfo.hasPreviousPage;
    this.#start = pageInfo.startCursor;
    this.#from = pageInfo.hasPreviousPage ? (nodes[0]?.sequence ?? this.#from) : 0;
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    this.#picked = new Set([...(isFirst ? [] : this.#picked), ...nodes.map((event) => event.id)]);
    this.all = withoutRedacted(merge(this.all, nodes));
  }
}

export const [theTimeline, setTheTimeline] = createContext<Timeline>();
