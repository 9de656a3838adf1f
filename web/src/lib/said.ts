/** What an event says, or that nobody can read it any more. */
import { t } from '$text';

export const said = ({ text, redactedAt }: { text: string; redactedAt: string | null }): string =>
  redactedAt ? t.redacted : text;
