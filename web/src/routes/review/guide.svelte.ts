/** A facilitator's guide, kept current, and what is left out of it and taken back into it. */
import { onIncidentChanged } from '$lib/api/incidents.svelte';
import { query } from '$lib/api/live.svelte';
import type { Problem } from '$lib/api/problem';
import { t } from '$text';
import type { Meeting } from './meeting.svelte';
import { ASK_GUIDE, CHOOSE, type Guide, type Moment } from './review';

export class GuideOf {
  problem = $state.raw<Problem | undefined>();
  /** What was left out on this page, to be put back: the last one first. */
  leftOut = $state.raw<Moment[]>([]);
  #meeting: Meeting;
  #asked;

  /** For a component. */
  constructor(meeting: Meeting) {
    this.#meeting = meeting;
    this.#asked = query(ASK_GUIDE, () => ({ reference: meeting.incident.reference }));
    onIncidentChanged((changed) => changed.id === meeting.incident.id && this.#asked.refresh());
  }

  get guide(): Guide | undefined {
    return this.#asked.data?.incident?.review?.guide;
  }
  get askProblem(): Problem | undefined {
    return this.#asked.problem;
  }
  again = () => this.#asked.refresh();

  async leaveOut(moment: Moment): Promise<void> {
    if (!moment.event) return;
    if (await this.#choose(moment.event.id, false, t.review.moments.leftOut)) this.leftOut = [moment, ...this.leftOut];
  }
  async putBack(moment: Moment): Promise<void> {
    if (!moment.event) return;
    if (await this.add(moment.event.id)) this.leftOut = this.leftOut.filter((left) => left !== moment);
  }
  add(eventId: string): Promise<boolean> {
    return this.#choose(eventId, true, t.review.moments.added);
  }

  async #choose(eventId: string, wanted: boolean, said: string): Promise<boolean> {
    const input = { reviewId: this.#meeting.review.id, eventId, wanted };
    this.problem = await this.#meeting.act(CHOOSE, { input }, said);
    return this.problem === undefined;
  }
}
