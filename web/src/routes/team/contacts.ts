/** A client with those to tell there, and who looks after it. Viewers may know the names, not the addresses. */
import { graphql } from '$lib/api/graphql';

export const CONTACTS = graphql(`
  query ClientContacts($id: ID!, $isResponder: Boolean!) {
    node(id: $id) {
      ... on Client {
        id
        name
        importance
        zendeskOrganizationId
        team {
          id
          name
        }
        contacts {
          id
          name
          kind
          email @include(if: $isResponder)
        }
      }
    }
  }
`);
