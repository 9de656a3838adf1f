/** What somebody types into a section, kept over a reload with what it was written on. */
import { Draft } from '$lib/drafts.svelte';

/** So that a section that was emptied is not taken for one that was left alone. */
const MARK = '#';
const written = (text: string | undefined) => (text === undefined ? '' : MARK + text);
const read = (draft: Draft) => (draft.text.startsWith(MARK) ? draft.text.slice(MARK.length) : undefined);

export class Kept {
  #text: Draft;
  #version: Draft;
  #prefill: Draft;
  #aside: Draft;

  constructor(name: string) {
    this.#text = new Draft(name);
    this.#version = new Draft(`${name}.version`);
    this.#prefill = new Draft(`${name}.prefill`);
    this.#aside = new Draft(`${name}.aside`);
  }

  /** What is not with the server yet. */
  get text(): string | undefined {
    return read(this.#text);
  }
  get version(): number {
    return Number(this.#version.text) || 0;
  }
  get prefill(): string | undefined {
    return read(this.#prefill);
  }
  /** What its author gave up for somebody else's text. */
  get aside(): string {
    return this.#aside.text;
  }
  set aside(text: string) {
    this.#aside.text = text;
  }

  put(text: string, version: number, prefill: string | undefined): void {
    this.#text.text = written(text);
    this.#version.text = String(version);
    this.#prefill.text = written(prefill);
  }
  forget(): void {
    for (const draft of [this.#text, this.#version, this.#prefill]) draft.text = '';
  }
}
