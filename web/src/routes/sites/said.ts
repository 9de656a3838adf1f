/** What a field of a site says, in words and links. */
import { t } from '$text';
import type { Said, Site, SiteField, SiteOrigin } from './site';

const one = (text: string | null, href?: string): Said[] => (text === null ? [] : [{ text, href }]);

/** Nothing, for a field that nobody has set. */
export function said(site: Site, field: SiteField): Said[] {
  switch (field) {
    case 'NAME':
      return one(site.name);
    case 'URL':
      return one(site.url, site.url ?? undefined);
    case 'HOSTS':
      return site.hosts.map((text) => ({ text }));
    case 'CLIENT':
      return site.client ? one(site.client.name, `/clients?text=${encodeURIComponent(site.client.name)}`) : [];
    case 'ENVIRONMENT':
      return site.environment ? one(t.sites.environment[site.environment]) : [];
    case 'IMPORTANCE':
      return one(t.importance[site.importance]);
    case 'HOSTING':
      return one(site.hosting);
    case 'REPOSITORY':
      return one(site.repository, site.repository ?? undefined);
    case 'RUNBOOK':
      return one(site.runbook, site.runbook ?? undefined);
    case 'TOOLING':
      return site.tooling.map(({ label, url }) => ({ text: label, href: url }));
    case 'EXPECTED':
      return one(site.expected);
    case 'ROUTINELY_ATTACKED':
      return one(site.routinelyAttacked ? t.sites.yes : t.sites.no);
    case 'BUSY_HOURS':
      return one(site.busyHours);
    case 'CODE_FREEZE':
      return one(site.codeFreeze);
    case 'GONE':
      return one(site.goneAt ? t.sites.yes : t.sites.no);
  }
}

/** Whether a field says more than what it does as long as nobody has set it. */
export function isSet(site: Site, field: SiteField): boolean {
  if (field === 'IMPORTANCE') return site.importance === 'HIGH';
  if (field === 'ROUTINELY_ATTACKED') return site.routinelyAttacked;
  if (field === 'GONE') return site.goneAt !== null;
  return said(site, field).length > 0;
}

/** Whether it stays when an import says something else: what has no origin was set by hand, before origins were kept. */
export function isKept(site: Site, field: SiteField, origin: SiteOrigin | undefined): boolean {
  return origin ? origin.isKept : isSet(site, field);
}

/** The lines of a field that has several entries. */
export const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

export interface Link {
  label: string;
  url: string;
}

/** The links that somebody typed, one on each line; undefined if a line is none. */
export function linksIn(text: string): Link[] | undefined {
  const found = lines(text).map((line) => /^(.+?)\s+(https?:\/\/\S+)$/i.exec(line));
  if (!found.every((match) => match !== null)) return undefined;
  return found.map(([, label = '', url = '']) => ({ label, url }));
}

/** The fields of `now` that say something else than `before`. */
export function whatDiffers<T extends object>(before: T, now: T): Partial<T> {
  const differs = (key: keyof T) => JSON.stringify(before[key]) !== JSON.stringify(now[key]);
  return Object.fromEntries(Object.entries(now).filter(([key]) => differs(key as keyof T))) as Partial<T>;
}
