/** What all parts of the page share: the report, and what this person may do with it. */
import { createContext } from 'svelte';
import { Acting } from '$lib/api/act';
import { me } from '$lib/api/viewer.svelte';
import type { Incident, Report } from './report';

export class Desk extends Acting {
  #incident: () => Incident;
  #report: () => Report;

  constructor(incident: () => Incident, report: () => Report, refresh: () => void) {
    super(refresh);
    this.#incident = incident;
    this.#report = report;
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
}

export const [theDesk, setDesk] = createContext<Desk>();
