/** A person's account in the team's chat. */
import { graphql } from '$lib/api/graphql';

export const CHAT = graphql(`
  fragment Chat on Person {
    id
    chatAccount
  }
`);

export const UNLINK_CHAT = graphql(
  `
    mutation UnlinkChatAccount($input: UnlinkChatAccountInput!) {
      unlinkChatAccount(input: $input) {
        person {
          ...Chat
        }
      }
    }
  `,
  [CHAT],
);
