/** What is typed of a plan, kept over a reload until the server has it. Of each incident on its own. */
import { Draft } from '$lib/drafts.svelte';
import { restored, type Typed } from './typed';

export class Planning {
  typed: Typed = $state()!;
  #draft: Draft;

  /** For a component, with what its form begins with. */
  constructor(incidentId: string, first: Typed) {
    this.#draft = new Draft(`review.${incidentId}.plan`);
    this.typed = restored(this.#draft.text, first);
    const untouched = JSON.stringify(first);
    $effect(() => {
      const present = JSON.stringify(this.typed);
      this.#draft.text = present === untouched ? '' : present;
    });
  }

  /** It is with the server, or not wanted any more. */
  over(): void {
    this.#draft.text = '';
  }
}
