/** The API page's explorer: it writes, checks and asks, under the page's policy (no complaints: see `muster.ts`). */
import AxeBuilder from '@axe-core/playwright';
import type { Locator } from '@playwright/test';
import { expect, test } from './muster';

/** As people do it: `fill` changes the page behind the editor's back. */
async function write(field: Locator, text: string) {
  await field.click();
  await field.press('Control+a');
  await field.press('Delete');
  await field.page().keyboard.insertText(text);
}

test('a query is written with completion, run, and kept over a reload', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.goto('/api');
  const document = page.getByRole('textbox', { name: 'Query, mutation or subscription' });
  const answer = page.getByRole('textbox', { name: 'Answer' });
  const status = page.getByRole('status').filter({ hasText: /Answered in|Listening|Stopped/ });
  const offered = page.getByRole('option', { name: /^viewer/ });
  await document.click();
  await page.keyboard.press('Control+a');
  // The schema may still be on its way: without it, nothing is offered.
  await expect(async () => {
    await page.keyboard.press('Control+a');
    await page.keyboard.type('{ vie');
    await expect(offered).toBeVisible({ timeout: 1_000 });
  }).toPass();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.keyboard.type(' { can }');
  await expect(document).toHaveText('{ viewer { can }}');
  await page.keyboard.press('Control+Enter');
  await expect(answer).toContainText('"ADMINISTER"');
  await expect(status).toHaveText(/^Answered in \d+ ms$/);
  // A letter in the editor is a letter, and no shortcut of the page.
  expect(new URL(page.url()).pathname).toBe('/api');

  await page.reload();
  await expect(document).toHaveText('{ viewer { can }}');
  await page.getByLabel('Run before').selectOption('{ viewer { can }}');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(answer).toContainText('"ADMINISTER"');
});

test('a mistake is marked, and a refusal is an answer', async ({ muster, signIn, complaints }) => {
  complaints.isExpected = (text) => text.includes('status of 400');
  const page = await signIn(muster.adminLink());
  await page.goto('/api');
  const document = page.getByRole('textbox', { name: 'Query, mutation or subscription' });
  await write(document, '{ viewer { nonsense } }');
  await expect(document.locator('.cm-lintRange-error')).toHaveText('nonsense');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('textbox', { name: 'Answer' })).toContainText('nonsense');
  await write(page.getByRole('textbox', { name: 'Variables' }), '{first');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByText('The variables are no JSON')).toBeVisible();
});

test('a subscription is heard until it is stopped', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.goto('/api');
  const document = page.getByRole('textbox', { name: 'Query, mutation or subscription' });
  await write(document, 'subscription { incidentChanged { name } }');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByText('Listening. 0 answers so far')).toBeVisible();
  const declare = 'mutation { declareIncident(input: { name: "Checkout is down", severity: MAJOR }) { incident { id } } }';
  await expect(async () => {
    await muster.ask(declare);
    await expect(page.getByRole('textbox', { name: 'Answer' })).toContainText('Checkout is down', { timeout: 2_000 });
  }).toPass();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('Stopped listening')).toBeVisible();
});
