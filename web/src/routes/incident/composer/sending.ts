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

/** What is written, and the files that go before an update. */
export interface Intentions {
  write: Intention;
  files: Intention;
}

export async function send(written: Written, intentions: Intentions): Promise<Sent> {
  const sent = await sendAll(written, intentions);
  if (!sent.problem) Object.values(intentions).forEach((intention: Intention) => intention.over());
  return sent;
}

async function sendAll(written: Written, intentions: Intentions): Promise<Sent> {
  const { incidentId, text, attachmentIds, occurredAt } = written;
  const hasFiles = attachmentIds.length > 0;
  if (written.kind === 'UPDATE' && text.trim()) {
    // An update takes no files: they are an event of their own, first, so that a failure leaves the update to be sent again.
    if (hasFiles) {
      const files = await write({ ...written, kind: 'FILE', text: written.fileNames.join(', ') }, intentions.files);
      if (files.problem) return files;
    }
    const status = (written.status || null) as 'INVESTIGATING' | 'FIXING' | 'MONITORING' | null;
    const { data, problem } = await change(POST, { input: { incidentId, text, status } });
    return problem ? { problem } : { event: data.postUpdate.event };
  }
  const kind = text.trim() === '' && hasFiles ? 'FILE' : written.kind === 'UPDATE' ? 'NOTE' : written.kind;
  return write({ ...written, kind, text: text.trim() || written.fileNames.join(', '), occurredAt }, intentions.write);
}

type Entry = Omit<Written, 'kind'> & { kind: Exclude<Kind, 'UPDATE'> | 'FILE' };

async function write(written: Entry, intention: Intention): Promise<Sent> {
  const { incidentId, kind, text, occurredAt, attachmentIds, change: how } = written;
  const input = {
    incidentId,
    kind,
    text,
    occurredAt,
    attachmentIds: attachmentIds.length > 0 ? attachmentIds : null,
    change: kind === 'CHANGE' ? how : null,
  };
  const { data, problem } = await change(WRITE, { input: { ...input, idempotencyKey: intention.keyFor(input) } });
  return problem ? { problem } : { event: data.addTimelineEvent.event };
}
