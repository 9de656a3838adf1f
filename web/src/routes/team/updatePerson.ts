import { graphql } from '$lib/api/graphql';

/** Says back what it changed, so that every list knows. */
export const UPDATE_PERSON = graphql(`
  mutation UpdatePerson($input: UpdatePersonInput!) {
    updatePerson(input: $input) {
      person {
        id
        name
        phone
        accessLevel
        grants
        seniority
        deactivatedAt
        ntfyTopic
      }
    }
  }
`);
