import { graphql } from '$lib/api/graphql';

export const SNOOZE = graphql(`
  mutation Snooze($input: SnoozeStepInput!) {
    snoozeStep(input: $input) {
      incident {
        id
        version
      }
    }
  }
`);

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
