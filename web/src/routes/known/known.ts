/** Something that is known, as lists show it, and where it is. */
import { graphql, type ResultOf } from '$lib/api/graphql';

export const KNOWN = graphql(`
  fragment Known on KnownEvent @_unmask {
    id
    title
    path
    excerpt
    reasons
    helped
    outdated
    ownVerdict
    page {
      id
      path
    }
    incident {
      id
      reference
      status
      reportedAt
    }
  }
`);
export type Known = ResultOf<typeof KNOWN>;

const ONGOING = ['INVESTIGATING', 'FIXING', 'MONITORING'];

/** How far an incident is that may be the same: one that goes on is something to join, not to learn from. */
export function stageOf(status: NonNullable<Known['incident']>['status']): 'TRIAGE' | 'ONGOING' | 'PAST' {
  if (status === 'TRIAGE') return 'TRIAGE';
  return ONGOING.includes(status) ? 'ONGOING' : 'PAST';
}

/** Reasons as one sentence begins: the first with a capital. */
export const sentence = (reasons: readonly string[]): string => {
  const joined = reasons.join(', ');
  return joined.charAt(0).toUpperCase() + joined.slice(1);
};

/** Where a page of the ops docs is shown. */
export const pageHref = (path: string): string => `/ops/${path.split('/').map(encodeURIComponent).join('/')}`;

export const hrefOf = (known: Known): string => (known.page ? pageHref(known.page.path) : `/incidents/${known.path}`);

/** The path of the page that is shown at this address. */
export function pathOf(pathname: string): string {
  const parts = pathname.replace(/^\/ops\//, '').split('/');
  try {
    return parts.map(decodeURIComponent).join('/');
  } catch {
    return parts.join('/');
  }
}

const ORIGIN = 'https://ops.invalid';

/** Where a link in the page at `path` leads, if that is another page of the ops docs. A link that begins with `/` starts at their folder. */
export function linkFrom(path: string, href: string): string | undefined {
  // An address of its own, or a place on the same page.
  if (/^([a-z][a-z\d+.-]*:|#|$)/i.test(href)) return undefined;
  try {
    const url = new URL(href, ORIGIN + pageHref(path).replace(/^\/ops/, ''));
    return url.origin === ORIGIN && /\.(md|markdown)$/i.test(url.pathname) ? `/ops${url.pathname}` : undefined;
  } catch {
    return undefined;
  }
}

/** The words of a heading, without the marks between them. */
const plain = (heading: string): string => heading.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();

/** A text without the heading at its beginning, if that is the title, which is shown as the page's. */
export const withoutTitle = (text: string, title: string): string =>
  text.replace(/^\s*# ([^\n]*)\n?/, (whole, heading: string) => (plain(heading) === plain(title) ? '' : whole));
