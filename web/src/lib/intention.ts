/** A key for what somebody wants to do, so that sending it again does it once: also after a reload in between. */
import { newKey } from '$lib/api/live.svelte';

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
    if (this.#kept?.content !== present) this.#kept = { content: present, key: newKey() };
    this.#keep();
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
