import { expect, test } from 'vitest';
import { linkFrom, pageHref, pathOf, sentence, stageOf, withoutTitle } from './known';

test('a link between pages leads to the other page', () => {
  const from = 'alerts/disk full.md';
  for (const [href, to] of [
    ['certificate.md', '/ops/alerts/certificate.md'],
    ['../howto/rollback.md#steps', '/ops/howto/rollback.md'],
    ['/howto/rollback.md', '/ops/howto/rollback.md'],
    ['./a%20b.MD', '/ops/alerts/a%20b.MD'],
    ['../../../../up.md', '/ops/up.md'],
  ]) {
    expect(linkFrom(from, href!), href).toBe(to);
  }
});

test('what is no page of the ops docs is no link within them', () => {
  for (const href of [
    'https://example.org/a.md',
    'javascript:alert(1)//.md',
    'mailto:a@example.org',
    '//evil.example/a.md',
    '\\\\evil.example/a.md',
    '#steps',
    'picture.png',
    'folder/',
    '',
  ]) {
    expect(linkFrom('a.md', href), href).toBeUndefined();
  }
});

test('an address and a path are each other’s', () => {
  for (const path of ['alerts/disk-full.md', 'a b/100% ü?.md']) expect(pathOf(pageHref(path))).toBe(path);
  expect(pathOf('/ops/100%.md')).toBe('100%.md');
});

test('a title is shown once', () => {
  expect(withoutTitle('# Title\n\nText', 'Title')).toBe('\nText');
  expect(withoutTitle('# A *big* `disk`\nText', 'A big disk')).toBe('Text');
  expect(withoutTitle('# Other\n\nText', 'Given by its front matter')).toBe('# Other\n\nText');
  expect(withoutTitle('Text\n# Later', 'Later')).toBe('Text\n# Later');
});

test('an incident that goes on is not called past', () => {
  expect(stageOf('TRIAGE')).toBe('TRIAGE');
  for (const status of ['INVESTIGATING', 'FIXING', 'MONITORING'] as const) expect(stageOf(status), status).toBe('ONGOING');
  for (const status of ['RESOLVED', 'CLOSED', 'DECLINED', 'MERGED'] as const) expect(stageOf(status), status).toBe('PAST');
});

test('only the first reason has a capital', () => {
  expect(sentence(['same alert', 'similar words'])).toBe('Same alert, similar words');
  expect(sentence([])).toBe('');
});
