/** Giving and ending roles, from wherever that is offered. */
import { graphql } from '$lib/api/graphql';

export const GIVE = graphql(`
  mutation GiveRole($input: AssignRoleInput!) {
    assignRole(input: $input) {
      incident {
        id
        version
        lead {
          id
          name
        }
        clientCommsManager {
          id
          name
        }
      }
    }
  }
`);

export const END = graphql(`
  mutation EndRole($input: EndRoleInput!) {
    endRole(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const OFFER = graphql(`
  mutation OfferRole($input: OfferRoleInput!) {
    offerRole(input: $input) {
      offer {
        id
        state
      }
      incident {
        id
        version
      }
    }
  }
`);

export const ANSWER_OFFER = graphql(`
  mutation AnswerOffer($input: AnswerRoleOfferInput!) {
    answerRoleOffer(input: $input) {
      offer {
        id
        state
      }
      incident {
        id
        version
      }
    }
  }
`);
