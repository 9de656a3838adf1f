/**
 * Two people, one report: written by both at once, read, commented on and finished; nothing that anybody typed is lost. A client gets
 * its own version of it, as somebody else has approved it.
 */
import AxeBuilder from '@axe-core/playwright';
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

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const ACTIONS = 'What we will do';

/** A resolved incident that affects two clients, with a report that a program wrote as far as a draft needs. */
async function resolved(muster: Muster): Promise<{ reportId: string; clientIds: string[] }> {
  const { id } = await muster.declare('The shop is down');
  const clientIds: string[] = [];
  for (const name of ['Example Ltd', 'Globex']) {
    const { saveClient } = await muster.ask<{ saveClient: { client: { id: string } } }>(
      'mutation($input: SaveClientInput!) { saveClient(input: $input) { client { id } } }',
      { input: { name } },
    );
    clientIds.push(saveClient.client.id);
    await muster.ask('mutation($input: MarkClientAffectedInput!) { markClientAffected(input: $input) { incident { id } } }', {
      input: { incidentId: id, clientId: saveClient.client.id },
    });
  }
  await muster.meetGoals(id);
  const { resolveIncident } = await muster.ask<{ resolveIncident: { incident: { report: { id: string } } } }>(
    'mutation($input: ResolveIncidentInput!) { resolveIncident(input: $input) { incident { report { id } } } }',
    { input: { incidentId: id, summary: 'Logs filled the disk.' } },
  );
  const reportId = resolveIncident.incident.report.id;
  for (const [sectionKey, body] of [
    ['explanation', 'The logs grew faster than the disk.'],
    // A fact about both that somebody edited: who is meant by what of it, only a person can tell.
    ['overview', 'It was down for hours.\n\nAffected clients: Example Ltd, Globex and their shops.'],
  ]) {
    await muster.ask('mutation($input: EditReportSectionInput!) { editReportSection(input: $input) { report { id } } }', {
      input: { reportId, sectionKey, expectedVersion: 0, body },
    });
  }
  return { reportId, clientIds };
}

async function grant(muster: Muster, name: string, grants: string[]): Promise<void> {
  const { people } = await muster.ask<{ people: { nodes: { id: string; name: string }[] } }>('{ people { nodes { id name } } }');
  await muster.ask('mutation($input: UpdatePersonInput!) { updatePerson(input: $input) { person { id } } }', {
    input: { personId: people.nodes.find((person) => person.name === name)?.id, grants },
  });
}

async function isForEverybody(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
  }
}

// R29: a client's version leaves only as somebody approved it who wrote none of it.
test('a client gets its version of a report once somebody else has approved it', async ({ muster, signIn }) => {
  test.setTimeout(120_000);
  const { reportId } = await resolved(muster);
  const sam = await signIn(muster.add('Sam', 'responder'));
  const ada = await signIn(muster.add('Ada', 'viewer'), PHONE);
  await grant(muster, 'Ada', ['APPROVE_CLIENT_REPORTS']);
  await grant(muster, 'Sam', ['APPROVE_CLIENT_REPORTS', 'SEE_NAMES']);
  const writeActions = async (words: string) => {
    await sam.getByRole('button', { name: `Write: ${ACTIONS}` }).click();
    await sam.getByLabel(`Text of “${ACTIONS}”`).fill(words);
    await expect(section(sam, ACTIONS).locator('[data-saving=saved]')).toBeVisible();
    await sam.getByRole('button', { name: `Done: ${ACTIONS}` }).click();
  };

  // Sam writes about both clients; Example Ltd reads nothing about the other one, and no name.
  await sam.goto(REPORT);
  await writeActions('Sam gives the disks of Example Ltd and Globex an alarm, as both clients wished.');
  await sam.getByText('As its readers get it').click();
  await sam.getByRole('button', { name: 'Example Ltd', exact: true }).click();
  await expect(sam).toHaveURL(/version=cli_/);
  const sheet = (page: Page) => page.getByRole('region', { name: 'The text of this version' });
  await expect(sheet(sam)).toContainText('the disks of Example Ltd and others an alarm');
  await expect(sheet(sam)).not.toContainText(/Globex|Sam/);
  await expect(sam.getByText('1 place that may count clients')).toBeVisible();
  const standing = (page: Page) => page.locator('#approval');
  await expect(standing(sam)).toContainText('Not approved yet');
  await expect(sam.getByRole('button', { name: 'Download' })).toHaveCount(0);
  // What mixes facts about both is left out until it has words of its own for clients.
  await expect(sam.getByText('1 section is left out for now')).toBeVisible();
  await expect(sheet(sam)).not.toContainText('It was down for hours.');
  await sam.getByRole('button', { name: 'Overview: write it for clients' }).click();
  const forClients = section(sam, 'Overview').getByRole('textbox', { name: 'Other words for clients' });
  await expect(forClients).toBeFocused();
  await forClients.fill('The shop could not be reached.');
  await section(sam, 'Overview').getByRole('button', { name: 'Save' }).click();
  await expect(sheet(sam)).toContainText('The shop could not be reached.');
  await expect(sam.getByText('1 section is left out for now')).toHaveCount(0);
  await sam.getByLabel('With names').check();
  await expect(sheet(sam)).toContainText('Sam gives the disks');
  await expect(sheet(sam)).toContainText('for your eyes only');
  await sam.getByLabel('With names').uncheck();
  // Who wrote it can't approve it.
  await expect(sam.getByLabel('I have looked at it')).toHaveCount(0);
  await expect(sam.getByRole('heading', { name: 'Approve what Example Ltd gets' })).toHaveCount(0);
  await isForEverybody(sam);

  // Ada reads it on a phone, and approves it.
  await ada.goto(`${REPORT}#publishing`);
  await expect(ada.getByRole('heading', { name: 'Publishing' })).toBeFocused();
  const destination = (page: Page, name: string) => page.getByRole('article', { name, exact: true });
  await expect(destination(ada, 'Example Ltd')).toContainText('Not approved yet');
  await expect(ada.getByText('It is published once it is final.')).toBeVisible();
  await destination(ada, 'Example Ltd').getByRole('button', { name: 'Read and approve: Example Ltd' }).click();
  await expect(sheet(ada)).toContainText('the disks of Example Ltd and others an alarm');
  await expect(ada.getByText('How it differs from the full report')).toBeVisible();
  await isForEverybody(ada);
  // What only a person can tell is looked at first.
  const approve = ada.getByRole('button', { name: 'Approve this text for Example Ltd' });
  await expect(ada.getByText('Look at the place that may be about other clients')).toBeVisible();
  await expect(approve).toHaveCount(0);
  await ada.getByLabel('I have looked at it').check();
  await expect(approve).toBeVisible();
  // Sam changes it while she reads: she looks at that first.
  await writeActions('Sam gives the disks of Example Ltd and Globex an alarm.');
  await expect(ada.getByText('The text has changed while you were reading')).toBeVisible();
  await expect(ada.getByRole('button', { name: 'Approve this text for Example Ltd' })).toHaveCount(0);
  await ada.getByRole('button', { name: 'I have read the change' }).click();
  await ada.getByLabel('Note').fill('Says what they asked.');
  await ada.getByRole('button', { name: 'Approve this text for Example Ltd' }).click();
  await expect(standing(ada)).toContainText('Approved by Ada');
  await expect(standing(ada)).toContainText('Says what they asked.');
  await expect(standing(ada)).toBeFocused();
  await expect(standing(sam)).toContainText('Approved by Ada');
  await sam.getByRole('button', { name: 'Download' }).click();
  await expect(sam.getByRole('menuitem', { name: 'PDF' })).toHaveAttribute(
    'href',
    /\/incidents\/INC-1\/report\.pdf\?version=CLIENT&client=cli_/,
  );
  await sam.keyboard.press('Escape');

  // An edit takes the approval away; what has changed since is in sight.
  await writeActions('Sam gives the disks of Example Ltd and Globex an alarm next week.');
  await expect(standing(sam)).toContainText('Changed since Ada approved it');
  await expect(standing(ada)).toContainText('Changed since Ada approved it');
  await expect(ada.getByRole('insertion').filter({ hasText: 'next week' }).first()).toBeVisible();
  await ada.getByRole('button', { name: 'Approve this text for Example Ltd' }).click();
  await expect(standing(ada)).toContainText('Approved by Ada');

  // Once it is final it goes out; nothing is connected, so a person carries it.
  const move = (name: string, type: string, more: object) =>
    muster.ask(`mutation($input: ${type}!) { ${name}(input: $input) { report { id } } }`, { input: { reportId, ...more } });
  await move('circulateReport', 'CirculateReportInput', {});
  await move('finaliseReport', 'FinaliseReportInput', { reviewWaived: 'Nobody else was involved.' });
  await sam.getByRole('link', { name: 'Publish it' }).click();
  await expect(sam.getByRole('heading', { name: 'Publishing' })).toBeFocused();
  await expect(destination(sam, 'Globex').getByRole('button', { name: 'Publish to Globex' })).toBeDisabled();
  await destination(sam, 'Example Ltd').getByRole('button', { name: 'Publish to Example Ltd' }).click();
  await sam.getByRole('dialog').getByRole('button', { name: 'Publish to Example Ltd' }).click();
  await expect(destination(sam, 'Example Ltd')).toContainText('Needs a person');
  await expect(destination(sam, 'Example Ltd').getByRole('button', { name: 'Publish to Example Ltd' })).toHaveCount(0);
  await isForEverybody(sam);
  await destination(sam, 'Example Ltd').getByRole('button', { name: 'Mark done' }).click();
  await expect(destination(sam, 'Example Ltd')).toContainText('Delivered');
  await expect(destination(sam, 'Example Ltd').getByRole('heading')).toBeFocused();
  // Viewers learn that it is out, not how.
  await expect(destination(ada, 'Example Ltd')).toContainText('Published by Sam');
});
