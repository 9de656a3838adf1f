/** What the page asks for, all at once, and what it can change. */
import { graphql, type ResultOf, type VariablesOf } from '$lib/api/graphql';

export const COMMENT = graphql(`
  fragment ReportComment on ReportComment @_unmask {
    id
    sectionKey
    quote
    kind
    body
    createdAt
    author {
      id
      name
    }
    resolution
    resolvedAt
    resolvedBy {
      id
      name
    }
  }
`);
export type Comment = ResultOf<typeof COMMENT>;

export const SECTION = graphql(`
  fragment ReportSection on ReportSection @_unmask {
    key
    title
    guidance
    required
    body
    abridged
    client
    versions
    version
    updatedAt
    updatedBy {
      id
      name
    }
    prefill
    remarks {
      quote
      question
    }
    news {
      prefill
      merged
      conflicts
      changes {
        change
        text
      }
    }
  }
`);
export type Section = ResultOf<typeof SECTION>;
export type Version = Section['versions'][number];

export const REPORT = graphql(
  `
    fragment Report on Report @_unmask {
      id
      state
      author {
        id
        name
      }
      circulatedAt
      draftDueOn
      mayApprove
      finalAt
      finalBy {
        id
        name
      }
      reviewWaived
      readers {
        person {
          id
          name
        }
        askedAt
        readAt
      }
      sections {
        ...ReportSection
      }
      comments {
        ...ReportComment
      }
    }
  `,
  [SECTION, COMMENT],
);
export type Report = ResultOf<typeof REPORT>;

export const ASK = graphql(
  `
    query ReportPage($reference: String!) {
      incident(reference: $reference) {
        id
        reference
        name
        status
        declaredAt
        affectedClients {
          client {
            id
            name
          }
        }
        report {
          ...Report
        }
      }
    }
  `,
  [REPORT],
);
export type Incident = NonNullable<ResultOf<typeof ASK>['incident']>;

export const START = graphql(
  `
    mutation StartReport($input: StartReportInput!) {
      startReport(input: $input) {
        report {
          ...Report
          incident {
            id
            report {
              id
            }
          }
        }
      }
    }
  `,
  [REPORT],
);

export const EDIT = graphql(
  `
    mutation EditSection($input: EditReportSectionInput!) {
      editReportSection(input: $input) {
        report {
          id
          sections {
            ...ReportSection
          }
        }
      }
    }
  `,
  [SECTION],
);
export type Edit = VariablesOf<typeof EDIT>['input'];

export const CIRCULATE = graphql(
  `
    mutation Circulate($input: CirculateReportInput!) {
      circulateReport(input: $input) {
        report {
          ...Report
        }
      }
    }
  `,
  [REPORT],
);

export const READ = graphql(
  `
    mutation MarkRead($input: MarkReportReadInput!) {
      markReportRead(input: $input) {
        report {
          ...Report
        }
      }
    }
  `,
  [REPORT],
);

export const FINISH = graphql(
  `
    mutation Finish($input: FinaliseReportInput!) {
      finaliseReport(input: $input) {
        report {
          ...Report
        }
      }
    }
  `,
  [REPORT],
);

export const TAKE_BACK = graphql(
  `
    mutation TakeBack($input: TakeBackReportInput!) {
      takeBackReport(input: $input) {
        report {
          ...Report
        }
      }
    }
  `,
  [REPORT],
);

export const SAY = graphql(
  `
    mutation Say($input: CommentOnReportInput!) {
      commentOnReport(input: $input) {
        comment {
          ...ReportComment
        }
      }
    }
  `,
  [COMMENT],
);

export const RESOLVE = graphql(
  `
    mutation ResolveComment($input: ResolveReportCommentInput!) {
      resolveReportComment(input: $input) {
        comment {
          ...ReportComment
        }
      }
    }
  `,
  [COMMENT],
);

export const HISTORY = graphql(`
  query ReportHistory($reference: String!) {
    incident(reference: $reference) {
      id
      report {
        id
        sections {
          key
          revisions {
            version
            body
            writtenAt
            writtenBy {
              id
              name
            }
            changes {
              change
              text
            }
          }
        }
      }
    }
  }
`);
