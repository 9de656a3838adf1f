/** The schema's names that forms choose from, in the order in which they are shown. */
export const ACCESS_LEVELS = ['ADMIN', 'RESPONDER', 'VIEWER'] as const;
export const GRANTS = [
  'SEE_RESTRICTED',
  'SEE_NAMES',
  'APPROVE_CLIENT_REPORTS',
  'NOTIFY_CTO',
  'NOTIFY_HEAD_OF_TECH_OPS',
  'NOTIFY_DPO',
] as const;

export type AccessLevel = (typeof ACCESS_LEVELS)[number];
export type Grant = (typeof GRANTS)[number];
