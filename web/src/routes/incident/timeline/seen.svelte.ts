/** How far a reader has read an incident: remembered by the browser, for the line "New since you looked". */

const PREFIX = 'muster.seen.';

export class Seen {
  /** Where the line stands: the last sequence seen before this visit, 0 if there was none. */
  before = $state(0);
  #key: string;
  #now: number;

  constructor(reference: string) {
    this.#key = PREFIX + reference;
    this.#now = this.#stored();
    this.before = this.#now;
  }

  #stored(): number {
    try {
      return Number(localStorage.getItem(this.#key)) || 0;
    } catch {
      return 0;
    }
  }

  upTo(sequence: number): void {
    if (sequence <= this.#now) return;
    this.#now = sequence;
    try {
      localStorage.setItem(this.#key, String(sequence));
    } catch {
      // No storage: the line is only right until the page is left.
    }
  }

  /** The reader came back to the page: what came since then is new. */
  lookAgain(): void {
    this.before = this.#now;
  }
}
