/** What the timeline knows of an event. */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const EVENT = graphql(`
  fragment Event on TimelineEvent @_unmask {
    id
    sequence
    kind
    occurredAt
    recordedAt
    text
    starred
    source
    details
    change {
      tried
      deployed
      reason
    }
    amends
    redactedAt
    otherIncident {
      id
      reference
      name
    }
    actor {
      id
      name
    }
    attachments {
      id
      fileName
      contentType
      bytes
      downloadUrl
    }
    amendments {
      id
      sequence
      kind
      occurredAt
      recordedAt
      text
      details
      redactedAt
      actor {
        id
        name
      }
    }
  }
`);

export type Event = ResultOf<typeof EVENT>;
export type Kind = Event['kind'];
/** A later correction of an event. */
export type Correction = Event['amendments'][number];

/** An address on this server, whatever name it calls itself by: behind a proxy the page may know it by another. */
export const pathOf = (url: string) => new URL(url, 'http://localhost').pathname;
