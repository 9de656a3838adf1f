/** What all parts of an incident's page share: the incident, what may be done with it, and which dialog is open. */
import { createContext } from 'svelte';
import { Acting } from '$lib/api/act';
import { me } from '$lib/api/viewer.svelte';
import type { Severity, Status } from '$text';
import type { Kind } from './composer/compose';
import type { Brought } from './composer/uploads.svelte';

/** The least that every part needs. */
export interface Known {
  id: string;
  reference: string;
  name: string;
  status: Status;
  severity: Severity;
  version: number;
}

type PlainDialog =
  | 'severity'
  | 'status'
  | 'escalate'
  | 'details'
  | 'visibility'
  | 'resolve'
  | 'close'
  | 'reopen'
  | 'file'
  | 'merge'
  | 'declare'
  | 'decline'
  | 'findTickets'
  | 'followUp';
export type Dialog = { is: PlainDialog } | { is: 'tell'; clientIds?: string[] } | { is: 'handOver'; role: HandedRole };
export type HandedRole = 'INCIDENT_LEAD' | 'CLIENT_COMMS_MANAGER' | 'NOTE_TAKER' | 'REPORT_AUTHOR' | 'REVIEW_FACILITATOR';

/** The parts that a phone shows one at a time. */
export const TABS = ['now', 'timeline', 'clients', 'more'] as const;
export type Tab = (typeof TABS)[number];

const LIVE: Status[] = ['INVESTIGATING', 'FIXING', 'MONITORING'];

export class Room extends Acting {
  dialog = $state.raw<Dialog | undefined>();
  /** Asks the composer to take the focus, with a kind if one is wanted. */
  wanted = $state.raw<{ kind?: Kind | undefined } | undefined>();
  /** Asks the side to lead to one of its parts. */
  place = $state.raw<'goals' | 'pages' | undefined>();
  /** Files that were dropped on the page, for the composer. */
  dropped = $state.raw<Brought[]>([]);
  #known: () => Known | undefined;
  /** Shows one of the parts, where they are shown one at a time. */
  show: (tab: Tab) => void;

  constructor(known: () => Known | undefined, refresh: () => void, show: (tab: Tab) => void) {
    super(refresh);
    this.#known = known;
    this.show = show;
  }

  get incident(): Known {
    return this.#known()!;
  }
  get isLive(): boolean {
    return LIVE.includes(this.incident.status);
  }
  /** It still takes changes. */
  get isOpen(): boolean {
    return this.incident.status !== 'MERGED';
  }
  get mayRespond(): boolean {
    return me.can('RESPOND') && this.isOpen;
  }

  open(dialog: Dialog | PlainDialog): void {
    this.dialog = typeof dialog === 'string' ? { is: dialog } : dialog;
  }
  write(kind?: Kind): void {
    this.wanted = { kind };
  }
}

/** Leads the eyes and the keyboard to a part of the page. */
export function leadTo(id: string): void {
  const target = document.getElementById(id);
  target?.scrollIntoView({ block: 'start' });
  target?.focus();
}

export const [theRoom, setRoom] = createContext<Room>();
