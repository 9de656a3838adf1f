/** Commands to begin with, for this server. */

const call = (origin: string, path: string, query: string, flags = '-s') =>
  [
    `curl ${flags} ${origin}${path}`,
    `  -H "Authorization: Bearer $MUSTER_TOKEN"`,
    `  -H 'Content-Type: application/json'`,
    `  -d '${JSON.stringify({ query })}'`,
  ].join(' \\\n');

export const examples = (origin: string) =>
  [
    {
      key: 'live',
      command: call(
        origin,
        '/graphql',
        '{ incidents(filter: {live: true}, orderBy: MOST_SEVERE) { nodes { reference name severity status lead { name } } } }',
      ),
    },
    {
      key: 'declare',
      command: call(
        origin,
        '/graphql',
        'mutation { declareIncident(input: {name: "Checkout answers 503", severity: MAJOR}) { incident { reference } } }',
      ),
    },
    {
      key: 'watch',
      command: call(origin, '/graphql/stream', 'subscription { incidentChanged { reference status severity } }', '-N'),
    },
  ] as const;
