/** What is typed of a plan, kept over a reload until the server has it. Of each incident on its own. */
import { Draft } from '$lib/drafts.svelte';
import { restored, type Typed } from './typed';

export class Planning {
  typed: Typed = $state()!;
  /** The version of the incident that was there when somebody began to type. */
  readonly seen: number;
  #first: string;
  #draft: Draft;
  #seen: Draft;
  #present = $derived(JSON.stringify(this.typed));

  /** For a component, with what its form begins with. */
  constructor(incidentId: string, first: Typed, version: number) {
    this.#draft = new Draft(`review.${incidentId}.plan`);
    this.#seen = new Draft(`review.${incidentId}.plan.seen`);
    this.typed = restored(this.#draft.text, first);
    this.seen = Number(this.#seen.text) || version;
    this.#first = JSON.stringify(first);
    $effect(() => {
      this.#draft.text = this.isTouched ? this.#present : '';
      this.#seen.text = this.isTouched ? String(this.seen) : '';
    });
  }

  /** Whether anything was typed that the server does not have. */
  get isTouched(): boolean {
    return this.#present !== this.#first;
  }

  /** It is with the server, or not wanted any more. */
  over(): void {
    this.typed = JSON.parse(this.#first);
    this.#draft.text = '';
    this.#seen.text = '';
  }
}
