/** What the stories show: an evening with a broken checkout. */
import type { Conflict } from '$lib/api/conflict';
import type { Problem } from '$lib/api/problem';
import type { Option } from '$lib/ui/option';
import type { BoardIncident } from '../routes/board/incident';
import type { Step } from '../routes/incident/steps/Steps.svelte';
import type { Correction, Event } from '../routes/incident/timeline/event';

const MINUTE = 60_000;
/** So many minutes from now; before now if negative. */
export const minutes = (from: number) => new Date(Date.now() + from * MINUTE).toISOString();

export const ADA = { id: 'per_1', name: 'Ada Okafor', email: 'ada@example.org', accessLevel: 'ADMIN', grants: [] };
export const KIM = { id: 'per_2', name: 'Kim Larsen' };
const RAVI = { id: 'per_3', name: 'Ravi Menon' };

export const LONG =
  'Checkout, basket and the search for gift cards answer 503 for customers in northern Europe since the load balancer was changed';
export const WORD =
  'https://status.example.org/incidents/2026/checkout-answers-503-for-everybody-in-northern-europe?from=dashboard';

export const REFUSED: Problem = { code: 'CONFLICT', words: 'Kim Larsen changed it meanwhile. Look at it again.', more: {} };

export const OVERTAKEN: Conflict = { version: 7, who: KIM.name, at: minutes(-12), present: [['severity', 'CRITICAL']] };

export const PEOPLE: Option[] = [
  { id: ADA.id, label: ADA.name, hint: 'Administrator' },
  { id: KIM.id, label: KIM.name, hint: 'Responder' },
  { id: RAVI.id, label: RAVI.name, hint: 'Responder' },
];

export const incident = (other: Partial<BoardIncident> = {}): BoardIncident => ({
  id: 'inc_1',
  reference: 'INC-42',
  name: 'Checkout answers 503',
  severity: 'MAJOR',
  status: 'INVESTIGATING',
  visibility: 'OPEN',
  flags: [],
  reportedAt: minutes(-80),
  declaredAt: minutes(-75),
  impactStartedAt: minutes(-90),
  lead: KIM,
  clientCommsManager: RAVI,
  affectedClients: [{ client: { id: 'cli_1' } }, { client: { id: 'cli_2' } }],
  nextSteps: [{ key: 'summary', title: 'Post a summary', state: 'UPCOMING', dueAt: minutes(12), overdueAt: minutes(22) }],
  pages: [],
  roleOffers: [],
  timeline: {
    nodes: [
      {
        id: 'tev_1',
        kind: 'FINDING',
        text: 'Only the pods in zone b answer 503.',
        redactedAt: null,
        recordedAt: minutes(-4),
        actor: KIM,
      },
    ],
  },
  ...other,
});

export const step = (other: Partial<Step> = {}): Step => ({
  key: 'summary#1',
  rule: 'summary',
  title: 'Post a summary',
  why: 'People who do not follow the timeline want to know how it goes.',
  state: 'UPCOMING',
  dueAt: minutes(12),
  overdueAt: minutes(22),
  proposedAt: null,
  audience: ['INCIDENT_LEAD'],
  assignee: null,
  clients: [],
  ...other,
});

let sequence = 0;
export const event = (other: Partial<Event> = {}): Event => ({
  id: `tev_${++sequence}`,
  sequence,
  kind: 'NOTE',
  occurredAt: minutes(-30),
  recordedAt: minutes(-30),
  text: 'The error rate began to rise right after the load balancer was changed.',
  starred: false,
  source: 'WEB',
  details: null,
  amends: null,
  redactedAt: null,
  otherIncident: null,
  change: null,
  actor: KIM,
  attachments: [],
  amendments: [],
  ...other,
});

export const correction = (other: Partial<Correction> = {}): Correction => ({
  ...event({ kind: 'AMENDMENT', recordedAt: minutes(-20) }),
  text: 'The error rate began to rise five minutes before the load balancer was changed.',
  details: { reason: 'The graph was in another time zone.' },
  ...other,
});
