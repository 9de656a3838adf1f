/** What the page asks for, and what it can change. */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const REVIEW = graphql(`
  fragment Review on Review @_unmask {
    id
    startsAt
    durationMinutes
    place
    facilitator {
      id
      name
    }
    noteTaker {
      id
      name
    }
    seniorOutsider {
      id
      name
    }
    attendees {
      person {
        id
        name
      }
      expectation
      reason
      answer
    }
    overrideReason
    comments {
      id
      body
      author {
        id
        name
      }
      writtenOn
    }
    parkedTopics {
      id
      topic
      forum
    }
    calledOffAt
    begunAt
    heldAt
    notes
    recordingUrl
    noFollowUps
    files {
      id
      fileName
      contentType
      bytes
      downloadUrl
    }
  }
`);

export const ASK = graphql(
  `
    query ReviewPage($reference: String!, $responds: Boolean!) {
      incident(reference: $reference) {
        id
        reference
        name
        status
        declaredAt
        version
        followUps {
          id
        }
        attachments {
          id
          fileName
          bytes
        }
        report {
          id
        }
        review {
          ...Review
          warnings @include(if: $responds) {
            rule
            text
          }
        }
      }
    }
  `,
  [REVIEW],
);
export type Incident = NonNullable<ResultOf<typeof ASK>['incident']>;
export type Review = NonNullable<Incident['review']>;
export type Attendee = Review['attendees'][number];

export const PLAN = graphql(`
  query ReviewPlan($input: ReviewPlanInput!) {
    reviewPlan(input: $input) {
      startsAt
      durationMinutes
      slots {
        startsAt
        busy {
          id
          name
        }
      }
      attendees {
        person {
          id
          name
        }
        expectation
        reason
        answer
      }
      warnings {
        rule
        text
      }
      candidates {
        person {
          id
          name
        }
        lastLedAt
      }
    }
  }
`);
export type Plan = ResultOf<typeof PLAN>['reviewPlan'];

export const GUIDE = graphql(`
  fragment Guide on Review @_unmask {
    id
    guide {
      opening
      moments {
        kind
        at
        text
        event {
          id
        }
        questions {
          topic
          text
        }
      }
      closing {
        topic
        text
      }
      coverage {
        topic
        questions
      }
    }
  }
`);
export type Guide = ResultOf<typeof GUIDE>['guide'];
export type Moment = Guide['moments'][number];

export const ASK_GUIDE = graphql(
  `
    query ReviewGuide($reference: String!) {
      incident(reference: $reference) {
        id
        review {
          ...Guide
        }
      }
    }
  `,
  [GUIDE],
);

export const FIND_EVENTS = graphql(`
  query EventsForReview($reference: String!, $text: String) {
    incident(reference: $reference) {
      id
      timeline(last: 30, filter: { text: $text, exceptKinds: [PROMPT] }) {
        nodes {
          id
          text
          redactedAt
          occurredAt
        }
      }
    }
  }
`);

export const SCHEDULE = graphql(
  `
    mutation ScheduleReview($input: ScheduleReviewInput!) {
      scheduleReview(input: $input) {
        review {
          ...Review
          incident {
            id
            review {
              id
            }
          }
        }
      }
    }
  `,
  [REVIEW],
);

export const CALL_OFF = graphql(
  `
    mutation CallOffReview($input: CallOffReviewInput!) {
      callOffReview(input: $input) {
        review {
          ...Review
        }
      }
    }
  `,
  [REVIEW],
);

export const ANSWER = graphql(
  `
    mutation AnswerInvitation($input: AnswerReviewInvitationInput!) {
      answerReviewInvitation(input: $input) {
        review {
          ...Review
        }
      }
    }
  `,
  [REVIEW],
);

export const COMMENT = graphql(`
  mutation CommentOnReview($input: CommentOnReviewInput!) {
    commentOnReview(input: $input) {
      comment {
        id
      }
    }
  }
`);

export const BEGIN = graphql(
  `
    mutation BeginReview($input: BeginReviewInput!) {
      beginReview(input: $input) {
        review {
          ...Review
        }
      }
    }
  `,
  [REVIEW],
);

export const RECORD = graphql(
  `
    mutation RecordReview($input: RecordReviewInput!) {
      recordReview(input: $input) {
        review {
          ...Review
        }
      }
    }
  `,
  [REVIEW],
);

export const PARK = graphql(`
  mutation ParkTopic($input: ParkReviewTopicInput!) {
    parkReviewTopic(input: $input) {
      topic {
        id
        topic
        forum
      }
    }
  }
`);

export const UNPARK = graphql(
  `
    mutation UnparkTopic($input: UnparkReviewTopicInput!) {
      unparkReviewTopic(input: $input) {
        review {
          ...Review
        }
      }
    }
  `,
  [REVIEW],
);

export const CHOOSE = graphql(
  `
    mutation ChooseMoment($input: ChooseReviewMomentInput!) {
      chooseReviewMoment(input: $input) {
        review {
          ...Guide
        }
      }
    }
  `,
  [GUIDE],
);
