import { graphql } from '$lib/api/graphql';

export const LINK = graphql(`
  mutation LinkTicket($input: LinkTicketInput!) {
    linkTicket(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const UNLINK = graphql(`
  mutation UnlinkTicket($input: UnlinkTicketInput!) {
    unlinkTicket(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

export const COMMENT = graphql(`
  mutation CommentOnTicket($input: CommentOnTicketInput!) {
    commentOnTicket(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);
