/** What is asked about the versions that readers get, and what changes them. */
import { graphql, type ResultOf } from '$lib/api/graphql';
import { DELIVERY_ROW } from '../../settings/DeliveryRow.svelte';

export const APPROVAL = graphql(`
  fragment Approval on RenderedReport @_unmask {
    sha256
    mixed
    approval {
      approvedAt
      note
      approvedBy {
        id
        name
      }
    }
    lastApproval {
      approvedAt
      approvedBy {
        id
        name
      }
    }
  }
`);
export type Approval = ResultOf<typeof APPROVAL>;

// By the report's id: what a person may not read is then null by itself, and not the incident's report with it.
export const READ_AS = graphql(
  `
    query ReportAsRead($id: ID!, $version: ReportVersion!, $clientId: ID, $approves: Boolean!) {
      node(id: $id) {
        ... on Report {
          id
          rendered(version: $version, clientId: $clientId) {
            ...Approval
            text
            doubts {
              sectionKey
              line
              quote
              form
              context
              candidates {
                id
                alias
              }
            }
            others {
              sectionKey
              quote
              kind
            }
            besideFull @include(if: $approves) {
              change
              text
            }
            sinceApproved @include(if: $approves) {
              change
              text
            }
          }
        }
      }
    }
  `,
  [APPROVAL],
);
type Node = Extract<NonNullable<ResultOf<typeof READ_AS>['node']>, { rendered: unknown }>;
export type Rendered = Node['rendered'];
export type NameDoubt = Rendered['doubts'][number];
export type Mention = Rendered['others'][number];

/**
 * What a person looks at before the text may leave, for a program can't tell whether it is about other clients; each with a key that it
 * keeps while the text around it changes.
 */
export function toJudge(others: readonly Mention[]): { mention: Mention; key: string }[] {
  const seen = new Map<string, number>();
  return others
    .filter(({ kind }) => kind !== 'REPLACED')
    .map((mention) => {
      const key = `${mention.sectionKey} ${mention.kind} ${mention.quote}`;
      const before = seen.get(key) ?? 0;
      seen.set(key, before + 1);
      return { mention, key: `${key} ${String(before)}` };
    });
}

/** The version in the answer to a question about it; nothing if the report is not there for this person. */
export const renderedOf = <Rendered>(
  answer: { node: { rendered: Rendered } | object | null } | undefined,
): Rendered | undefined => (answer?.node && 'rendered' in answer.node ? answer.node.rendered : undefined);

export const WITH_NAMES = graphql(`
  query ReportWithNames($id: ID!, $version: ReportVersion!, $clientId: ID) {
    node(id: $id) {
      ... on Report {
        id
        rendered(version: $version, clientId: $clientId, names: true) {
          text
        }
      }
    }
  }
`);

export const STANDING = graphql(
  `
    query ReportStanding($id: ID!, $version: ReportVersion!, $clientId: ID) {
      node(id: $id) {
        ... on Report {
          id
          rendered(version: $version, clientId: $clientId) {
            ...Approval
          }
        }
      }
    }
  `,
  [APPROVAL],
);

export const PUBLICATIONS = graphql(
  `
    query ReportPublications($id: ID!) {
      node(id: $id) {
        ... on Report {
          id
          publications {
            sha256
            publishedAt
            publishedBy {
              id
              name
            }
            client {
              id
            }
            delivery {
              id
              state
              externalUrl
              ...DeliveryRow
            }
          }
        }
      }
    }
  `,
  [DELIVERY_ROW],
);
export type Publication = Extract<
  NonNullable<ResultOf<typeof PUBLICATIONS>['node']>,
  { publications: unknown }
>['publications'][number];

export const DECIDE = graphql(`
  mutation DecideReportName($input: DecideReportNameInput!) {
    decideReportName(input: $input) {
      report {
        id
      }
    }
  }
`);

export const APPROVE = graphql(`
  mutation ApproveReport($input: ApproveReportInput!) {
    approveReport(input: $input) {
      report {
        id
      }
    }
  }
`);

export const PUBLISH = graphql(`
  mutation PublishReport($input: PublishReportInput!) {
    publishReport(input: $input) {
      report {
        id
      }
    }
  }
`);
