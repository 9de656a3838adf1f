/** How what was written gets to the server. */
import { graphql } from '$lib/api/graphql';
import { change } from '$lib/api/live.svelte';
import type { Problem } from '$lib/api/problem';
import type { Intention } from '$lib/intention';
import { EVENT, type Event } from '../timeline/event';
import type { Kind } from './compose';
import type { Change } from './rollout';

const WRITE = graphql(
  `
    mutation Write($input: AddTimelineEventInput!) {
      addTimelineEvent(input: $input) {
        event {
          ...Event
        }
      }
    }
  `,
  [EVENT],
);

const POST = graphql(
  `
    mutation Post($input: PostUpdateInput!) {
      postUpdate(input: $input) {
        event {
          ...Event
        }
      }
    }
  `,
  [EVENT],
);

export interface Written {
  incidentId: string;
  kind: Kind;
  text: string;
  occurredAt: string | null;
  attachmentIds: string[];
  /** What they are called, for files without a word. */
  fileNames: string[];
  /** How a CHANGE was tried and put live. */
  change: Change | null;
  status: string;
}

type Sent = { event: Event; problem?: undefined } | { event?: undefined; problem: Problem };

export async function send(written: Written, intention: Intention): Promise<Sent> {
  const sent = await sendOnce(written, intention);
  if (!sent.problem) intention.over();
  return sent;
}

async function sendOnce(written: Written, intention: Intention): Promise<Sent> {
  const { incidentId, text, occurredAt } = written;
  const attachmentIds = written.attachmentIds.length > 0 ? written.attachmentIds : null;
  if (written.kind === 'UPDATE' && text.trim()) {
    const status = (written.status || null) as 'INVESTIGATING' | 'FIXING' | 'MONITORING' | null;
    const input = { incidentId, text, status, occurredAt, attachmentIds };
    const { data, problem } = await change(POST, { input: { ...input, idempotencyKey: intention.keyFor(input) } });
    return problem ? { problem } : { event: data.postUpdate.event };
  }
  const isFiles = text.trim() === '' && attachmentIds !== null;
  const kind: Exclude<Kind, 'UPDATE'> | 'FILE' = isFiles ? 'FILE' : written.kind === 'UPDATE' ? 'NOTE' : written.kind;
  const input = {
    incidentId,
    kind,
    text: text.trim() || written.fileNames.join(', '),
    occurredAt,
    attachmentIds,
    change: kind === 'CHANGE' ? written.change : null,
  };
  const { data, problem } = await change(WRITE, { input: { ...input, idempotencyKey: intention.keyFor(input) } });
  return problem ? { problem } : { event: data.addTimelineEvent.event };
}
