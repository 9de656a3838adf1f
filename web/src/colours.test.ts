/** The colours of `app.css`, light and dark: legible, and told apart by people who see colours differently. */
import { readFileSync } from 'node:fs';
import {
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  parse,
  wcagContrast,
  type Color,
} from 'culori';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('app.css', import.meta.url), 'utf8');
const pairs = <T>(all: T[]) => all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other] as const));

/** The colour of a token, in this theme. */
function colour(name: string, theme: 'light' | 'dark'): Color {
  const value = new RegExp(`--${name}: ([^;]+);`).exec(css)?.[1] ?? '';
  const [, light, dark] = /^light-dark\((.+), (.+)\)$/.exec(value) ?? [null, value, value];
  const found = parse((theme === 'light' ? light : dark)!);
  if (!found) throw new Error(`no colour: --${name}`);
  return found;
}

const SIGHTS: Record<string, (seen: Color) => Color> = {
  'any eyes': (seen) => seen,
  protanopia: filterDeficiencyProt(1),
  deuteranopia: filterDeficiencyDeuter(1),
  tritanopia: filterDeficiencyTrit(1),
};
const SEVERITIES = ['critical', 'major', 'minor', 'trivial'];
const STATES = ['danger', 'warn', 'good'];
/** Of CIEDE2000, in which 2 can just be seen side by side. */
const APART = 10;

const GROUNDS = ['page', 'surface', 'raised', 'sunken'];
const TEXT_ON: Record<string, string[]> = {
  text: [...GROUNDS, ...SEVERITIES.map((name) => `${name}-wash`), 'accent-wash', 'danger-wash', 'warn-wash', 'good-wash'],
  soft: [...GROUNDS, 'accent-wash'],
  'on-accent': ['accent-fill', 'danger-fill'],
  ...Object.fromEntries([...SEVERITIES, ...STATES, 'accent'].map((name) => [name, [...GROUNDS, `${name}-wash`]])),
};
/** The edges of fields and buttons, and the ring around what has the focus. */
const EDGES_ON: Record<string, string[]> = { 'line-strong': GROUNDS, accent: GROUNDS };

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const difference = differenceCiede2000();

  describe.each(Object.entries(SIGHTS))('with %s', (_, seen) => {
    test.each([...pairs(SEVERITIES), ...pairs(STATES)])('%s is not taken for %s', (one, other) => {
      expect(difference(seen(colour(one, theme)), seen(colour(other, theme)))).toBeGreaterThan(APART);
    });
  });

  test.each([
    ['text', 4.5, TEXT_ON],
    ['edges', 3, EDGES_ON],
  ] as const)('%s stand out by %s to 1', (_, least, all) => {
    const faint = Object.entries(all)
      .flatMap(([name, grounds]) => grounds.map((ground) => [name, ground] as const))
      .filter(([name, ground]) => wcagContrast(colour(name, theme), colour(ground, theme)) < least);
    expect(faint).toEqual([]);
  });
});
