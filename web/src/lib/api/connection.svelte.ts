/** Whether the page is live, still signed in, and still the page that the server serves. */

type State = 'connecting' | 'live' | 'away';

/** A first connection may take its time; a lost one is missed sooner. */
const PATIENCE = { first: 10_000, again: 3_000 };
/** How often everything is asked again while nothing comes by itself. */
const LOOK = 10_000;

class Connection {
  state = $state<State>('connecting');
  /** Set once the server says so; whatever is typed stays on the page. */
  isSignedOut = $state(false);
  /** The server was upgraded: this page should be loaded again. */
  isOld = $state(false);
  /** Counts the times to ask again: the connection came back, or there is none and the server answers all the same. */
  turns = $state(0);
  /** Counts how often somebody signed in again on this page: everything asks and subscribes anew then. */
  sessions = $state(0);
  /** Counts refusals: what this person may do was perhaps changed. */
  refusals = $state(0);
  #grace: ReturnType<typeof setTimeout> | undefined;
  #looks: ReturnType<typeof setInterval> | undefined;
  /** It was lost, or never came about at first: what was asked meanwhile may have failed. */
  #wasLost = false;

  constructor() {
    // Something on the way may never let it open, nor say so.
    this.#miss(PATIENCE.first);
  }

  opened(): void {
    clearTimeout(this.#grace);
    clearInterval(this.#looks);
    this.#grace = undefined;
    this.state = 'live';
    if (this.#wasLost) {
      this.turns += 1;
      void this.#look();
    }
    this.#wasLost = false;
  }

  closed(): void {
    this.#wasLost = true;
    if (this.state === 'live') this.state = 'connecting';
    // A blink of the network is not worth a word.
    this.#miss(PATIENCE.again);
  }

  #miss(patience: number): void {
    this.#grace ??= setTimeout(() => {
      this.state = 'away';
      this.#wasLost = true;
      this.#looks = setInterval(() => void this.#askAgain(), LOOK);
    }, patience);
  }

  async #askAgain(): Promise<void> {
    if ((await this.#look()) && this.state === 'away') this.turns += 1;
  }

  /** Whether the server answers. An upgraded one names another script in its page. */
  async #look(): Promise<boolean> {
    try {
      const answer = await fetch('/', { cache: 'no-store' });
      const entry = /<script type="module"[^>]* src="([^"]+)"/.exec(await answer.text())?.[1];
      const isHere = [...document.scripts].some((script) => script.getAttribute('src') === entry);
      if (answer.ok && entry && import.meta.env.PROD && !isHere) this.isOld = true;
      return answer.ok;
    } catch {
      // Away: the next turn looks again.
      return false;
    }
  }

  /** A part of the page can't be loaded. If the server is there and the part is not, an upgrade replaced it. */
  async partMissing(): Promise<void> {
    if (await this.#look()) this.isOld = true;
  }
}

export const connection = new Connection();

addEventListener('vite:preloadError', () => void connection.partMissing());
