/**
 * What the side shows of an incident, a fragment for each part. Its components are loaded once the first screen is drawn; what they show is
 * asked for with all the rest.
 */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const ACTIONS = graphql(`
  fragment Actions on Incident @_unmask {
    id
    actions {
      id
      title
      state
      createdAt
      settledAt
      assignee {
        id
        name
      }
    }
  }
`);
export type Action = ResultOf<typeof ACTIONS>['actions'][number];

export const ALERTS = graphql(`
  fragment Alerts on Incident @_unmask {
    id
    alerts {
      id
      title
      source
      firing
      flapping
      changes
      count
      startsAt
      endsAt
    }
  }
`);
export type Alert = ResultOf<typeof ALERTS>['alerts'][number];

export const CLIENTS = graphql(`
  fragment Clients on Incident @_unmask {
    id
    clientBoard {
      standing
      note
      since
      toldCount
      lastOutcome
      nextDueAt
      nextState
      client {
        id
        name
        importance
      }
      contacts {
        id
        name
        kind
      }
      tickets {
        externalId
        url
      }
    }
    clientUpdates {
      id
      body
      state
      createdAt
      sentAt
      author {
        id
        name
      }
      approvedBy {
        id
        name
      }
      sentBy {
        id
        name
      }
      recipients {
        id
        name
      }
      outcomes {
        state
        client {
          id
          name
        }
        deliveries @include(if: $responds) {
          id
          title
          state
          lastError
          instructions
        }
      }
    }
  }
`);
type ClientsShown = ResultOf<typeof CLIENTS>;
export type Row = ClientsShown['clientBoard'][number];
export type Update = ClientsShown['clientUpdates'][number];

export const DELIVERIES = graphql(`
  fragment Deliveries on Incident @_unmask {
    id
    failed: deliveries(state: FAILED) @include(if: $responds) {
      ...Undelivered
    }
    byHand: deliveries(state: BY_HAND) @include(if: $responds) {
      ...Undelivered
    }
  }

  fragment Undelivered on Delivery @_unmask {
    id
    title
    state
    system
    operation
    attempts
    lastError
    instructions
    createdAt
  }
`);

export type DeliveriesOf = ResultOf<typeof DELIVERIES>;

export const FILES = graphql(`
  fragment Files on Incident @_unmask {
    id
    attachments {
      id
      fileName
      contentType
      bytes
      downloadUrl
    }
  }
`);
export type FileOf = ResultOf<typeof FILES>['attachments'][number];

export const FOLLOW_UPS = graphql(`
  fragment FollowUps on Incident @_unmask {
    id
    followUps {
      id
      title
      description
      board
      boardTitle
      dueOn
      state
      cardUrl
      reason
      owner {
        id
        name
      }
    }
  }
`);
export type FollowUpOf = ResultOf<typeof FOLLOW_UPS>['followUps'][number];

export const GOALS = graphql(`
  fragment Goals on Incident @_unmask {
    id
    goals {
      goal
      title
      metAt
      evidence
      metBy {
        id
        name
      }
      checklist {
        key
        text
        doneAt
        evidence
        doneBy {
          id
          name
        }
      }
    }
  }
`);
export type GoalOf = ResultOf<typeof GOALS>['goals'][number];

export const PAGES = graphql(`
  fragment Pages on Incident @_unmask {
    id
    pages {
      id
      reason
      why
      note
      pagedAt
      answeredAt
      answeredHow
      lost
      person {
        id
        name
        phone
      }
      answeredBy {
        id
        name
      }
      ways {
        system
        state
        acceptedAt
        problem @include(if: $responds)
      }
    }
    leadership {
      contact
      title
      state
      calledAt
      toldAt
      answeredAt
      person {
        id
        name
      }
      fallbackPerson {
        id
        name
      }
    }
  }
`);
type PagesShown = ResultOf<typeof PAGES>;
export type PageOf = PagesShown['pages'][number];
export type Notice = PagesShown['leadership'][number];

/** It still waits for a word of the person. */
export const isOpenPage = (page: PageOf) => page.answeredAt === null && page.lost === null;

export const REPORT_LINE = graphql(`
  fragment ReportLine on Incident @_unmask {
    id
    report {
      id
      state
      draftDueOn
      author {
        id
        name
      }
      open: comments(open: true) {
        id
        kind
      }
    }
  }
`);
export type ReportOf = ResultOf<typeof REPORT_LINE>['report'];

export const REVIEW_LINE = graphql(`
  fragment ReviewLine on Incident @_unmask {
    id
    review {
      id
      startsAt
      durationMinutes
      calledOffAt
      begunAt
      heldAt
      facilitator {
        id
        name
      }
    }
  }
`);
export type ReviewOf = ResultOf<typeof REVIEW_LINE>['review'];

export const ROLES = graphql(`
  fragment Roles on Incident @_unmask {
    id
    roles(includeEnded: true) {
      id
      role
      assignedAt
      endedAt
      handoverNote
      person {
        id
        name
      }
    }
    roleOffers {
      id
      role
      state
      note
      brief
      offeredAt
      person {
        id
        name
      }
      offeredBy {
        id
        name
      }
    }
  }
`);
type RolesShown = ResultOf<typeof ROLES>;
export type Offer = RolesShown['roleOffers'][number];
export type Assignment = RolesShown['roles'][number];

export const TICKETS = graphql(`
  fragment Tickets on Incident @_unmask {
    id
    tickets(link: null) {
      id
      externalId
      url
      subject
      status
      link
      parent
      client {
        id
        name
      }
    }
  }
`);
export type TicketOf = ResultOf<typeof TICKETS>['tickets'][number];
