/** The board's filter, as it stands in the address. */
import type { Severity } from '$text';
import { SEVERITIES } from './incident';

export interface Filter {
  severities: Severity[];
  text: string;
  isMine: boolean;
}

/** `critical,major`: in the order of the levels, without what is none. */
export const severitiesOf = (param: string): Severity[] =>
  SEVERITIES.filter((severity) => param.toUpperCase().split(',').includes(severity));

export const severityParam = (severities: Severity[]): string => severities.join(',').toLowerCase();

/** For the server. */
export function asInput({ severities, text, isMine }: Filter, personId: string | undefined) {
  return {
    ...(severities.length > 0 && { severity: severities }),
    ...(text.trim() !== '' && { text: text.trim() }),
    ...(isMine && personId !== undefined && { personId }),
  };
}
