/** Who is signed in, and what this session may do. */
import { client } from './client';
import { connection } from './connection.svelte';
import { graphql, type ResultOf } from './graphql';

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

class Me {
  #viewer = $state.raw<ResultOf<typeof VIEWER>['viewer'] | undefined>();

  /** Follows what the cache learns, so that a right that is taken away is seen; for an effect, which asks again after a comeback. */
  follow(): () => void {
    const requestPolicy = connection.comebacks > 0 ? 'network-only' : 'cache-and-network';
    return client.query(VIEWER, {}, { requestPolicy }).subscribe((result) => {
      if (result.data) this.#viewer = result.data.viewer;
    }).unsubscribe;
  }

  get person() {
    return this.#viewer?.person;
  }

  get isKnown(): boolean {
    return this.#viewer !== undefined;
  }

  can(what: Can): boolean {
    return this.#viewer?.can.includes(what) ?? false;
  }
}

export const me = new Me();
