/** Finding incidents that are like the one somebody is describing. */

/** Words that say little. */
const COMMON = new Set([
  'about',
  'after',
  'from',
  'have',
  'more',
  'site',
  'some',
  'than',
  'that',
  'their',
  'they',
  'this',
  'what',
  'when',
  'with',
  'nobody',
  'there',
  'which',
]);

/** The most telling words of a name, at most three: the server finds what has *all* the words it is given, so each is asked for alone. */
export function tellingWords(name: string): string[] {
  const words = name
    .toLowerCase()
    .split(/[^\p{L}\p{N}.-]+/u)
    .map((word) => word.replace(/^[.-]+|[.-]+$/g, ''))
    .filter((word) => word.length >= 4 && !COMMON.has(word));
  return [...new Set(words)].toSorted((a, b) => b.length - a.length).slice(0, 3);
}

interface Found {
  id: string;
  status: string;
  reportedAt: string;
}

const isLive = ({ status }: Found) => ['TRIAGE', 'INVESTIGATING', 'FIXING', 'MONITORING'].includes(status);

/** Those found by most searches first, what is live before what is over, then the newest. */
export function likeliest<F extends Found>(searches: F[][]): F[] {
  const all = searches.flat();
  const hits = (found: F) => all.filter(({ id }) => id === found.id).length;
  const unique = [...new Map(all.map((found) => [found.id, found])).values()];
  return unique
    .toSorted(
      (a, b) => Number(isLive(b)) - Number(isLive(a)) || hits(b) - hits(a) || Date.parse(b.reportedAt) - Date.parse(a.reportedAt),
    )
    .slice(0, 6);
}
