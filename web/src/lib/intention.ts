/**
 * The idempotency key of what somebody wants to do: it goes with the content, however that was typed or chosen. So sending the same
 * again does it once, also after a reload in between, and anything else is another deed.
 */

const PREFIX = 'muster.intention.';

export class Intention {
  #name: string;
  #kept: { content: string; key: string } | undefined;

  constructor(name: string) {
    this.#name = PREFIX + name;
    try {
      this.#kept = JSON.parse(localStorage.getItem(this.#name) ?? 'null') ?? undefined;
    } catch {
      // Private mode.
    }
  }

  /** The same key for the same content, until it is `over`. */
  keyFor(content: unknown): string {
    const present = JSON.stringify(content);
    if (this.#kept?.content !== present) {
      this.#kept = { content: present, key: newKey() };
      this.#keep();
    }
    return this.#kept.key;
  }

  /** It was done: whoever says the same again means it. */
  over(): void {
    this.#kept = undefined;
    this.#keep();
  }

  #keep(): void {
    try {
      if (this.#kept) localStorage.setItem(this.#name, JSON.stringify(this.#kept));
      else localStorage.removeItem(this.#name);
    } catch {
      // The page itself still knows.
    }
  }
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
