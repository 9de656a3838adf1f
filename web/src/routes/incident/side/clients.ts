/** What is sent to clients, and who they are. */
import { graphql } from '$lib/api/graphql';

export const MARK = graphql(`
  mutation MarkClient($input: MarkClientAffectedInput!) {
    markClientAffected(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const APPROVE = graphql(`
  mutation ApproveUpdate($input: ApproveClientUpdateInput!) {
    approveClientUpdate(input: $input) {
      clientUpdate {
        id
        approvedBy {
          id
          name
        }
      }
    }
  }
`);

export const SEND_DRAFT = graphql(`
  mutation SendDraft($input: SendDraftedClientUpdateInput!) {
    sendDraftedClientUpdate(input: $input) {
      clientUpdate {
        id
        state
      }
    }
  }
`);

export const DISCARD = graphql(`
  mutation DiscardUpdate($input: DiscardClientUpdateInput!) {
    discardClientUpdate(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const RETRY_UPDATE = graphql(`
  mutation RetryUpdate($input: RetryClientUpdateInput!) {
    retryClientUpdate(input: $input) {
      clientUpdate {
        id
        state
      }
    }
  }
`);

export const SEND = graphql(`
  mutation SendUpdate($input: SendClientUpdateInput!) {
    sendClientUpdate(input: $input) {
      clientUpdate {
        id
        state
      }
    }
  }
`);

export const DRAFT = graphql(`
  mutation DraftUpdate($input: DraftClientUpdateInput!) {
    draftClientUpdate(input: $input) {
      clientUpdate {
        id
        state
      }
    }
  }
`);

export const EDIT = graphql(`
  mutation EditUpdate($input: EditClientUpdateInput!) {
    editClientUpdate(input: $input) {
      clientUpdate {
        id
        body
        approvedBy {
          id
          name
        }
      }
    }
  }
`);

/** Characters of an update to clients. */
export const BODY_CHARS = 16_000;

/** The ids to send to: none means all that are affected, tickets of no known client included. */
export function recipientsOf(chosen: readonly string[], all: readonly string[]): string[] | null {
  const ids = all.filter((id) => chosen.includes(id));
  return ids.length === all.length ? null : ids;
}
