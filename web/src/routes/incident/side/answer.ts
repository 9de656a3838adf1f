import { graphql } from '$lib/api/graphql';

export const ANSWER_PAGE = graphql(`
  mutation AnswerPage($input: AnswerPageInput!) {
    answerPage(input: $input) {
      page {
        id
        answeredAt
        lost
      }
    }
  }
`);
