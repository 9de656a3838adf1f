/** Two people, one report: written by both at once, read, commented on and finished; nothing that anybody typed is lost. */
import type { Page } from '@playwright/test';
import { expect, test, type Muster } from './muster';

const EXPLANATION = 'How it came about';
const REPORT = '/incidents/INC-1/report';

/** An incident whose goals are met: what is left is to resolve it. */
async function declare(muster: Muster): Promise<void> {
  const { declareIncident } = await muster.ask<{ declareIncident: { incident: { id: string; goals: { goal: string }[] } } }>(
    'mutation { declareIncident(input: { name: "The shop is down", severity: MAJOR }) { incident { id goals { goal } } } }',
  );
  const { id, goals } = declareIncident.incident;
  for (const { goal } of goals) {
    await muster.ask('mutation($input: ConfirmGoalInput!) { confirmGoal(input: $input) { incident { id } } }', {
      input: { incidentId: id, goal, evidence: 'Looked at the graphs.' },
    });
  }
}

const section = (page: Page, title: string) => page.getByRole('region', { name: title });
const text = (page: Page) => page.getByLabel(`Text of “${EXPLANATION}”`);
const write = (page: Page) => page.getByRole('button', { name: `Write: ${EXPLANATION}` }).click();
const isSaved = (page: Page) => expect(section(page, EXPLANATION).locator('[data-saving=saved]')).toBeVisible();

test('two people write, read and finish a report', async ({ muster, signIn }) => {
  test.setTimeout(240_000);
  const sam = await signIn(muster.add('Sam', 'responder'));
  const kim = await signIn(muster.add('Kim', 'responder'));
  await declare(muster);

  // Sam resolves; with that the report is there, and the incident's page leads to it.
  await sam.goto('/incidents/INC-1');
  await sam.getByRole('button', { name: 'More to do with it' }).click();
  await sam.getByRole('menuitem', { name: 'Resolve' }).click();
  await sam.getByLabel('What it was and how it ended').fill('Logs filled the disk. They are rotated now.');
  await sam.getByRole('button', { name: 'Resolve it' }).click();
  await expect(sam.getByRole('link', { name: 'Open the report' })).toBeVisible();
  await sam.getByRole('link', { name: 'Go to the report' }).first().click();
  await expect(sam.getByRole('heading', { level: 1, name: 'Report on INC-1' })).toBeVisible();
  await expect(section(sam, 'Overview')).toContainText('Logs filled the disk.');
  await sam.getByRole('button', { name: "I'll write it" }).click();
  await expect(sam.getByText('something must be written under')).toContainText(EXPLANATION);

  // Both write the same section: Kim without a network, so that her text meets Sam's when it comes back.
  await kim.goto(REPORT);
  await write(kim);
  await kim.context().setOffline(true);
  await text(kim).fill('Nobody was warned.');
  await expect(kim.getByText('Not saved: ')).toBeVisible();
  await write(sam);
  await text(sam).fill('The logs **grew** faster than the disk.');
  await isSaved(sam);
  await sam.getByRole('button', { name: `Done: ${EXPLANATION}` }).click();
  await expect(section(sam, EXPLANATION)).toContainText('The logs grew faster than the disk.');

  await kim.context().setOffline(false);
  const conflict = kim.getByRole('group', { name: 'Two texts for one section' });
  await expect(conflict).toContainText('Sam wrote this section while you were writing');
  await expect(conflict).toContainText('Nobody');
  await expect(conflict).toContainText('faster');
  // A reload in between loses nothing.
  await kim.reload();
  await expect(conflict).toBeVisible();
  await expect(text(kim)).toHaveValue('Nobody was warned.');
  await conflict.getByRole('button', { name: 'Put theirs below mine' }).click();
  await expect(text(kim)).toHaveValue('Nobody was warned.\n\nThe logs **grew** faster than the disk.');
  await isSaved(kim);
  await kim.getByRole('button', { name: `Done: ${EXPLANATION}` }).click();
  await expect(section(sam, EXPLANATION)).toContainText('Nobody was warned.');

  // Sam circulates it, to Kim too, who had nothing to do with the incident.
  await sam.getByRole('button', { name: 'Circulate it' }).click();
  await sam.getByLabel('Also ask').click();
  await sam.keyboard.type('Kim');
  await sam.getByRole('option', { name: /Kim/ }).click();
  await sam.getByRole('button', { name: 'Ask them' }).click();
  await expect(sam.getByText('0 of 1 have read it')).toBeVisible();

  // Kim comments on a passage, and has read it.
  await expect(kim.getByText('You were asked to read this report.')).toBeVisible();
  await section(kim, EXPLANATION).getByText('Nobody was warned.').click({ clickCount: 3 });
  await kim.getByRole('button', { name: 'Comment on the selection' }).click();
  await expect(kim.getByLabel('The passage it is about')).toHaveValue('Nobody was warned.');
  await kim.getByLabel('Comment', { exact: true }).fill('Say by what they could have been warned.');
  await kim.getByRole('button', { name: 'Comment', exact: true }).last().click();
  await kim.getByRole('button', { name: 'I have read it' }).click();
  await expect(sam.getByText('1 of 1 have read it')).toBeVisible();

  // Sam can't finish before it is resolved, with a word; the passage is gone with the change.
  await expect(sam.getByText('1 comment asks for a change before it is finished')).toBeVisible();
  await expect(sam.getByRole('button', { name: 'Finish it' })).toHaveCount(0);
  await write(sam);
  await text(sam).fill('No alert watches the disk, as Kim saw.\n\nThe logs **grew** faster than the disk.');
  await isSaved(sam);
  await sam.getByRole('button', { name: `Done: ${EXPLANATION}` }).click();
  await expect(sam.getByText('The text no longer has this passage:')).toBeVisible();
  // R27: readers get roles in the place of names.
  await sam.getByText('As its readers get it').click();
  const asRead = sam.locator('details', { hasText: 'As its readers get it' });
  await expect(asRead).toContainText(/No alert watches the disk, as (?!Kim)\S+/);
  await expect(asRead).not.toContainText('Kim');
  await sam.getByRole('button', { name: 'Resolve the comment of Kim' }).click();
  await sam.getByLabel('What came of it').fill('It names the missing alert now.');
  await sam.getByRole('button', { name: 'Resolve', exact: true }).click();
  await sam.getByRole('button', { name: 'Finish it' }).click();
  await sam.getByLabel('Why it is finished without a review').fill('Nobody else was involved.');
  await sam.getByRole('button', { name: 'Finish it' }).last().click();
  await expect(kim.getByText('Without a review: Nobody else was involved.')).toBeVisible();
  await expect(kim.getByRole('button', { name: `Write: ${EXPLANATION}` })).toHaveCount(0);

  // Every text is still there.
  await section(kim, EXPLANATION).getByText('History').click();
  await expect(section(kim, EXPLANATION).getByText(/^Text \d/)).toHaveCount(3);
});
