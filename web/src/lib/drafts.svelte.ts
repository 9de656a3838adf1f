/** What is typed and not yet with the server. It outlives a reload, and is kept in memory where there is no storage. */

const PREFIX = 'muster.draft.';

export class Draft {
  #key: string;
  #text = $state('');

  /** `key` names what it is for: text for one incident must never show up in another. */
  constructor(key: string) {
    this.#key = PREFIX + key;
    try {
      this.#text = localStorage.getItem(this.#key) ?? '';
    } catch {
      // Private mode.
    }
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    try {
      if (text === '') localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, text);
    } catch {
      // No storage, or it is full: the page still has it.
    }
  }
}
