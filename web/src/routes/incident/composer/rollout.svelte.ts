/** What is typed about how a change was put live, kept until it is sent. */
import { Draft } from '$lib/drafts.svelte';
import type { Typed, Way } from './rollout';

const WAYS: Way[] = ['NORMAL', 'BYPASS'];

export class Rollout implements Typed {
  #tried: Draft;
  #way: Draft;
  #reason: Draft;

  constructor(name: string) {
    this.#tried = new Draft(`${name}.tried`);
    this.#way = new Draft(`${name}.way`);
    this.#reason = new Draft(`${name}.reason`);
  }

  get tried(): string {
    return this.#tried.text;
  }
  set tried(text: string) {
    this.#tried.text = text;
  }
  get way(): Way {
    return WAYS.find((way) => way === this.#way.text) ?? '';
  }
  set way(way: Way) {
    this.#way.text = way;
  }
  get reason(): string {
    return this.#reason.text;
  }
  set reason(text: string) {
    this.#reason.text = text;
  }

  clear(): void {
    for (const draft of [this.#tried, this.#way, this.#reason]) draft.text = '';
  }
}
