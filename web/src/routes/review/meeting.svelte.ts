/** What all parts of the page share: the review, and what this person may do with it. */
import { createContext } from 'svelte';
import { Acting } from '$lib/api/act';
import { me } from '$lib/api/viewer.svelte';
import { Draft } from '$lib/drafts.svelte';
import type { Attendee, Incident, Review } from './review';
import { stateOf, type State } from './state';

/** The version that somebody had seen when they began to type what came of a review, kept with what they typed. */
export const seenBy = (review: Pick<Review, 'id'>) => new Draft(`review.${review.id}.seen`);

export class Meeting extends Acting {
  /** Whether what came of it is being written: until whoever writes is done, whatever others write meanwhile. */
  isWriting: boolean = $state(false);
  #incident: () => Incident;
  #review: () => Review;

  constructor(incident: () => Incident, review: () => Review, refresh: () => void) {
    super(refresh);
    this.#incident = incident;
    this.#review = review;
    this.isWriting = seenBy(review()).text !== '';
  }

  get incident(): Incident {
    return this.#incident();
  }
  get review(): Review {
    return this.#review();
  }
  get state(): State {
    return stateOf(this.review);
  }
  get #isOpen(): boolean {
    return this.incident.status !== 'MERGED';
  }
  /** Plans, leads and records it. */
  get mayManage(): boolean {
    return me.can('RESPOND') && this.#isOpen;
  }
  get mayComment(): boolean {
    return this.#isOpen;
  }
  get mayBegin(): boolean {
    return this.mayManage && this.state === 'PLANNED';
  }
  get isToCome(): boolean {
    return this.state === 'PLANNED' || this.state === 'BEGUN';
  }
  /** This person among those who are invited, while there is something to answer. */
  get invitation(): Attendee | undefined {
    if (!this.#isOpen || this.state !== 'PLANNED') return undefined;
    return this.review.attendees.find(({ person }) => person?.id === me.person?.id);
  }
}

export const [theMeeting, setMeeting] = createContext<Meeting>();
