/** A person as a form has them: texts and ticks. */
import type { AccessLevel, Grant } from './names';

export interface PersonTyped {
  name: string;
  email: string;
  accessLevel: AccessLevel;
  grants: Grant[];
  phone: string;
  ntfyTopic: string;
  seniority: string;
}

export const NOBODY_YET: PersonTyped = {
  name: '',
  email: '',
  accessLevel: 'RESPONDER',
  grants: [],
  phone: '',
  ntfyTopic: '',
  seniority: '',
};

/** Null, which is "none", for an empty field. */
export const number = (typed: string) => (typed.trim() === '' || Number.isNaN(Number(typed)) ? null : Number(typed));
