/** One section under somebody's hands: saves after a pause, keeps what is typed, and meets what others write. */
import { change } from '$lib/api/live.svelte';
import type { Problem } from '$lib/api/problem';
import { t } from '$text';
import { Kept } from './kept.svelte';
import { EDIT, type Edit, type Section } from './report';
import { below, chosen, meet, theirsOf, type Choice, type Phase, type Present } from './saving';

const PAUSE = 1_500;
/** Until what did not get through is sent again. */
const AGAIN = 10_000;
const PASSING = ['OFFLINE', 'NOT_MUSTER', 'UNAVAILABLE'];

export class Writing {
  text = $state('');
  phase = $state.raw<Phase>({ is: 'quiet' });
  isOpen = $state(false);
  #section: () => Section;
  #reportId: string;
  #kept: Kept;
  #base: Present = { version: 0, body: '' };
  /** What the facts said, as far as the text has taken it in; goes along with it. */
  #prefill: string | undefined;
  #sent: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  constructor(reportId: string, section: () => Section) {
    this.#section = section;
    this.#reportId = reportId;
    const present = section();
    this.#kept = new Kept(`report.${reportId}.${present.key}`);
    this.#begin(present);
    if (this.#kept.text === undefined) return;
    // From before a reload.
    this.text = this.#kept.text;
    this.#base = { version: this.#kept.version, body: present.version === this.#kept.version ? present.body : '' };
    this.#prefill = this.#kept.prefill;
    this.isOpen = true;
    this.#wait();
  }

  get isDirty(): boolean {
    return this.#kept.text !== undefined;
  }
  get aside(): string {
    return this.#kept.aside;
  }

  #begin({ version, body, prefill }: Section) {
    this.#base = { version, body };
    this.#prefill = version === 0 ? prefill : undefined;
    this.text = body;
  }

  open(): void {
    if (!this.isDirty) this.#begin(this.#section());
    this.isOpen = true;
  }
  /** Back to reading, once all is saved. */
  async close(): Promise<boolean> {
    await this.save();
    if (!this.isDirty) this.isOpen = false;
    return !this.isOpen;
  }

  typed(text: string): void {
    this.text = text;
    this.#keep();
    if (this.phase.is !== 'conflict') this.#wait();
  }
  #keep() {
    this.#kept.put(this.text, this.#base.version, this.#prefill);
  }
  #wait() {
    clearTimeout(this.#timer);
    if (this.phase.is !== 'saving') this.phase = { is: 'waiting' };
    this.#timer = setTimeout(() => void this.save(), PAUSE);
  }

  /** Sends what is new. Done when there is nothing new, or it was refused. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running ??= this.#send().finally(() => (this.#running = undefined));
    return this.#running;
  }
  async #send() {
    while (this.isDirty && this.phase.is !== 'conflict') {
      const { text } = this;
      this.phase = { is: 'saving' };
      this.#sent = text;
      const { data, problem } = await this.#change({ body: text, prefill: this.#prefill });
      if (problem) {
        const theirs = theirsOf(problem);
        const met = theirs && this.#meets(theirs, theirs.by);
        if (met === 'goOn') continue;
        if (!met || met === 'nothing') this.phase = { is: 'refused', words: problem.words };
        if (PASSING.includes(problem.code)) this.#timer = setTimeout(() => void this.save(), AGAIN);
        return;
      }
      this.#wrote(data, text);
      if (this.text === text) this.#saved();
      else this.#keep();
    }
  }
  #change(input: Partial<Edit>) {
    const { key, version } = this.#section();
    const expectedVersion = this.isOpen ? this.#base.version : version;
    return change(EDIT, { input: { reportId: this.#reportId, sectionKey: key, expectedVersion, ...input } });
  }
  #wrote(data: { editReportSection: { report: { sections: Section[] } } }, text: string) {
    const now = data.editReportSection.report.sections.find(({ key }) => key === this.#section().key);
    // Somebody may have written between my text and this answer: then the answer has theirs, which is yet to be met.
    const isMine = now?.body === text.trim();
    this.#base = { version: isMine ? now.version : this.#base.version + 1, body: text.trim() };
    this.#prefill = undefined;
    this.#sent = undefined;
  }
  #saved() {
    this.#kept.forget();
    this.phase = { is: 'saved' };
  }

  /** Takes in what the page has learned of the section; for an effect. */
  follow(section: Section): void {
    if (this.isOpen && this.phase.is !== 'saving') this.#meets(section, section.updatedBy?.name, section.prefill);
  }
  #meets(present: Present, by: string | undefined, prefill?: string) {
    const mine = { text: this.text, isDirty: this.isDirty, base: this.#base, sent: this.#sent };
    const met = meet(mine, present);
    const known = { version: present.version, body: present.body };
    if (met === 'conflict') this.phase = { is: 'conflict', theirs: { ...known, by } };
    if (met !== 'nothing' && met !== 'conflict') this.#base = known;
    if (met === 'follow') this.text = present.body;
    if (!this.isDirty && known.version === 0) this.#prefill = prefill;
    if (met === 'same' && this.isDirty) this.#saved();
    if (met === 'goOn') {
      this.#keep();
      if (this.phase.is !== 'saving') this.#wait();
    }
    return met;
  }

  /** Settles a conflict. */
  choose(choice: Choice): void {
    if (this.phase.is !== 'conflict') return;
    const { theirs } = this.phase;
    const { text, aside } = chosen(choice, this.text, theirs.body);
    if (aside !== undefined) this.#kept.aside = aside;
    this.#base = { version: theirs.version, body: theirs.body };
    this.#sent = undefined;
    this.#prefill = undefined;
    this.text = text;
    if (choice === 'theirs') this.#saved();
    else this.put(text);
  }
  /** Puts what was set aside below the text, or forgets it. */
  takeAside(isWanted: boolean): void {
    const { aside } = this;
    if (isWanted) this.put(below(this.text, aside));
    this.#kept.aside = '';
  }

  /** Puts a text into the editor, as if it had been typed. */
  put(text: string): void {
    this.open();
    if (this.phase.is === 'conflict') this.phase = { is: 'waiting' };
    this.typed(text);
  }

  /** Takes what the facts say now into the text. */
  async takeIn(): Promise<void> {
    await this.save();
    const { news } = this.#section();
    if (this.isDirty || !news) return;
    this.open();
    this.#prefill = news.prefill;
    this.typed(news.merged);
  }

  /** Changes something else of the section than its text, after the text. */
  async also(input: Partial<Edit>): Promise<Problem | undefined> {
    await this.save();
    if (this.isDirty) return { code: 'CONFLICT', words: t.report.saving.unsaved, more: {} };
    const { data, problem } = await this.#change(input);
    if (problem) return problem;
    this.#wrote(data, this.#section().body);
    return undefined;
  }
}
