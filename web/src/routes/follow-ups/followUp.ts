/** What the page knows of a follow-up. */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const FOLLOW_UP = graphql(`
  fragment ListedFollowUp on FollowUp @_unmask {
    id
    title
    description
    state
    dueOn
    settledAt
    board
    boardTitle
    cardUrl
    cardDelivery {
      id
      state
    }
    owner {
      id
      name
    }
  }
`);
export type FollowUp = ResultOf<typeof FOLLOW_UP>;
export interface Board {
  key: string;
  title: string;
}
