/** The schema's names that people choose from, in the order in which they are shown. */
export const DELIVERY_STATES = [
  'BY_HAND',
  'FAILED',
  'RETRYING',
  'QUEUED',
  'SENDING',
  'DELIVERED',
  'DONE_BY_HAND',
  'CANCELLED',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const CHANNELS = ['EMAIL', 'NTFY', 'WEBHOOK'] as const;

export const AUDIT_ACTIONS = [
  'SIGNED_IN',
  'SIGN_IN_FAILED',
  'SIGNED_OUT',
  'SESSION_ENDED',
  'SESSIONS_ENDED',
  'SIGN_IN_LINK_CREATED',
  'ACCOUNT_LINKED',
  'PASSKEY_ADDED',
  'PASSKEY_REMOVED',
  'PERSON_ADDED',
  'PERSON_CHANGED',
  'RIGHTS_CHANGED',
  'PERSON_DEACTIVATED',
  'PERSON_REACTIVATED',
  'TOKEN_CREATED',
  'TOKEN_REVOKED',
  'TOKEN_REFUSED',
  'ON_CALL_CHANGED',
  'INCIDENT_RESTRICTED',
  'INCIDENT_OPENED',
  'INCIDENT_SHARED',
  'INCIDENT_UNSHARED',
  'RESTRICTED_SEEN',
  'CONTACTS_SEEN',
  'ADDRESSES_EXPORTED',
  'FILE_DOWNLOADED',
  'REPORT_TAKEN_OUT',
  'AUDIT_EXPORTED',
  'BACKUP_MADE',
  'SYSTEM_HELD',
  'SYSTEM_RELEASED',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
