import { graphql } from '$lib/api/graphql';

export const SETTLE = graphql(`
  mutation Settle($input: SettleStepInput!) {
    settleStep(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);
