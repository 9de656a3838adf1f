/** What all parts of the page share: the report, and what this person may do with it. */
import type { DocumentInput } from '@urql/core';
import { createContext } from 'svelte';
import { act } from '$lib/api/act';
import type { Problem } from '$lib/api/problem';
import { me } from '$lib/api/viewer.svelte';
import type { Incident, Report } from './report';

export class Desk {
  #incident: () => Incident;
  #report: () => Report;
  refresh: () => void;

  constructor(incident: () => Incident, report: () => Report, refresh: () => void) {
    this.#incident = incident;
    this.#report = report;
    this.refresh = refresh;
  }

  get incident(): Incident {
    return this.#incident();
  }
  get report(): Report {
    return this.#report();
  }
  get #isOpen(): boolean {
    return this.incident.status !== 'MERGED';
  }
  /** Moves the report on, names its author. */
  get mayManage(): boolean {
    return me.can('RESPOND') && this.#isOpen;
  }
  get mayEdit(): boolean {
    return this.mayManage && this.report.state !== 'FINAL';
  }
  /** This person among those who were asked to read it. */
  get reader() {
    return this.report.readers.find(({ person }) => person.id === me.person?.id);
  }
  get maySettleComments(): boolean {
    return this.mayManage || (this.reader !== undefined && this.#isOpen);
  }
  get mayComment(): boolean {
    return this.maySettleComments && this.report.state !== 'FINAL';
  }
  /** Lets versions for clients leave: who wrote part of the report may not. */
  get mayApprove(): boolean {
    return this.report.mayApprove && this.#isOpen;
  }
  get seesNames(): boolean {
    return this.#has('SEE_NAMES');
  }
  /** Those whose version this person may read before it is approved. */
  get clients(): { id: string; name: string }[] {
    const mayRead = me.can('RESPOND') || this.#has('APPROVE_CLIENT_REPORTS');
    return mayRead ? this.incident.affectedClients.map(({ client }) => client) : [];
  }
  #has(grant: NonNullable<typeof me.person>['grants'][number]): boolean {
    return me.person?.grants.includes(grant) ?? false;
  }
  titleOf(sectionKey: string): string {
    return this.report.sections.find(({ key }) => key === sectionKey)?.title ?? sectionKey;
  }

  /** See `act`; the report is asked for again. */
  act<Data, V extends Record<string, unknown>>(
    document: DocumentInput<Data, V>,
    variables: V,
    said: string,
    took?: (data: Data) => void,
  ): Promise<Problem | undefined> {
    return act(document, variables, { said, refresh: this.refresh, took });
  }
}

export const [theDesk, setDesk] = createContext<Desk>();
