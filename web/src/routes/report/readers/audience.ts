/** Who gets a version of the report. */

/** Each client gets one of its own. */
export type Audience =
  { version: 'FULL' | 'ABRIDGED'; client?: undefined } | { version: 'CLIENT'; client: { id: string; name: string } };

/** What the address says of the version in view: a version's name, or a client's id. */
export const inAddress = ({ version, client }: Audience) => client?.id ?? version;

/** The version that an address means: the full one if it is no longer there. */
export function fromAddress(value: string, clients: readonly { id: string; name: string }[]): Audience {
  const client = clients.find(({ id }) => id === value);
  if (client) return { version: 'CLIENT', client };
  return { version: value === 'ABRIDGED' ? 'ABRIDGED' : 'FULL' };
}

export const asked = ({ version, client }: Audience) => ({ version, clientId: client?.id ?? null });

export const FORMATS = ['md', 'html', 'pdf', 'docx'] as const;

/** Where a version can be downloaded. */
export function download(reference: string, format: (typeof FORMATS)[number], { version, client }: Audience): string {
  const query = new URLSearchParams({ version, ...(client && { client: client.id }) });
  return `/incidents/${reference}/report.${format}?${query.toString()}`;
}
