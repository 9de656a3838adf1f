/** Who is signed in, and what this session may do. */
import { client } from './client';
import { connection } from './connection.svelte';
import { graphql, type ResultOf } from './graphql';
import { problemOf, type Problem } from './problem';

const VIEWER = graphql(`
  query Viewer {
    viewer {
      can
      person {
        id
        name
        email
        accessLevel
        grants
      }
    }
  }
`);

type Can = 'READ' | 'REPORT' | 'RESPOND' | 'ADMINISTER' | 'SEE_RESTRICTED';
/** Nothing can be shown before this is known. */
const RETRY = 5_000;
/** What this browser's session could do last time. */
const LAST = 'muster.can';

function lastTime(): readonly string[] | undefined {
  try {
    return JSON.parse(localStorage.getItem(LAST) ?? 'null') ?? undefined;
  } catch {
    // Private mode, or something else wrote there.
    return undefined;
  }
}

function remember(can: readonly string[]): void {
  try {
    localStorage.setItem(LAST, JSON.stringify(can));
  } catch {
    // The next page asks in turn.
  }
}

class Me {
  #viewer = $state.raw<ResultOf<typeof VIEWER>['viewer'] | undefined>();
  #problem = $state.raw<Problem | undefined>();
  #asked = $state(0);
  #last = lastTime();

  /** Follows what the cache learns; for an effect, which asks again whenever rights may have changed. */
  follow(): () => void {
    const isAgain = connection.turns + connection.sessions + connection.refusals + this.#asked > 0;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const requestPolicy = isAgain ? 'network-only' : 'cache-and-network';
    const { unsubscribe } = client.query(VIEWER, {}, { requestPolicy }).subscribe((result) => {
      // Whatever depends on rights asks again when they change, and only then.
      if (result.data && JSON.stringify(result.data.viewer) !== JSON.stringify(this.#viewer)) {
        this.#viewer = result.data.viewer;
        remember(this.#viewer.can);
      }
      this.#problem = result.error && problemOf(result.error);
      if (this.#problem && !this.#viewer) retry = setTimeout(() => this.again(), RETRY);
    });
    return () => {
      clearTimeout(retry);
      unsubscribe();
    };
  }

  again(): void {
    this.#asked += 1;
  }

  get person() {
    return this.#viewer?.person;
  }

  get isKnown(): boolean {
    return this.#viewer !== undefined;
  }

  /** Why it is not known yet. */
  get problem(): Problem | undefined {
    return this.isKnown ? undefined : this.#problem;
  }

  /** Whether it may, as far as can be told by now: what is not known yet is as it was last time. Undefined the first time. */
  probablyCan(what: Can): boolean | undefined {
    const can: readonly string[] | undefined = this.#viewer?.can ?? this.#last;
    return can?.includes(what);
  }

  can(what: Can): boolean {
    return this.#viewer?.can.includes(what) ?? false;
  }
}

export const me = new Me();
