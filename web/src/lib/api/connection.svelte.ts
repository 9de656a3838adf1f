/** Whether the page is live, still signed in, and still the page that the server serves. */

type State = 'connecting' | 'live' | 'away';

class Connection {
  state = $state<State>('connecting');
  /** Set once the server says so; whatever is typed stays on the page. */
  isSignedOut = $state(false);
  /** The server was upgraded: this page should be loaded again. */
  isOld = $state(false);
  /** Counts how often the connection came back: what is not a subscription asks again then. */
  comebacks = $state(0);
  /** Counts how often somebody signed in again on this page: everything asks and subscribes anew then. */
  sessions = $state(0);
  #grace: ReturnType<typeof setTimeout> | undefined;
  /** It was lost, or never came about at first: what was asked meanwhile may have failed. */
  #wasLost = false;

  opened(): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.state = 'live';
    if (this.#wasLost) {
      this.comebacks += 1;
      void this.lookForUpgrade();
    }
    this.#wasLost = false;
  }

  closed(): void {
    this.#wasLost = true;
    if (this.state === 'live') this.state = 'connecting';
    // A blink of the network is not worth a word.
    this.#grace ??= setTimeout(() => (this.state = 'away'), 3_000);
  }

  /** An upgraded server names another script in its page. */
  async lookForUpgrade(): Promise<void> {
    try {
      const page = await (await fetch('/', { cache: 'no-store' })).text();
      const entry = /<script type="module"[^>]* src="([^"]+)"/.exec(page)?.[1];
      const isHere = [...document.scripts].some((script) => script.getAttribute('src') === entry);
      if (entry && import.meta.env.PROD && !isHere) this.isOld = true;
    } catch {
      // Away again: the next comeback looks.
    }
  }
}

export const connection = new Connection();

// A part of the page that is not there any more was replaced by an upgrade.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  connection.isOld = true;
});
