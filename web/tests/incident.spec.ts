/** Two people, two browsers: an incident from declared to closed, by clicking alone; each sees what the other does. */
import { expect, test } from './muster';

test('two people carry an incident from declared to closed', async ({ muster, signIn }) => {
  test.setTimeout(180_000);
  const anna = await signIn(muster.add('Anna', 'responder'));
  const ben = await signIn(muster.add('Ben', 'responder'));

  // Anna declares, in three fields.
  await anna.keyboard.press('c');
  await anna.getByLabel('What is it, in a few words?').fill('The shop is down');
  await anna.getByLabel('What happens?').fill('Every page answers 503.');
  await anna.getByRole('radio', { name: /Minor/ }).check();
  await anna.getByRole('button', { name: 'Declare', exact: true }).click();
  await expect(anna.getByRole('heading', { level: 1, name: 'The shop is down' })).toBeVisible();
  await expect(anna).toHaveURL(/\/incidents\/INC-1$/);

  // Ben sees it on his board without a reload, and opens it.
  await ben
    .getByRole('link', { name: /The shop is down/ })
    .first()
    .click();
  await expect(ben.getByRole('heading', { level: 1, name: 'The shop is down' })).toBeVisible();

  // What one writes, the other reads at once; the kind by a slash.
  await ben.getByLabel('What happens', { exact: true }).fill('The disk is full.');
  await ben.keyboard.press('Control+Enter');
  await expect(anna.getByText('The disk is full.', { exact: true })).toBeVisible({ timeout: 5_000 });
  await anna.getByLabel('What happens', { exact: true }).fill('Logs are moved away.');
  await anna.getByLabel('Kind').selectOption('Change');
  await anna.getByRole('button', { name: /^Send/ }).click();
  await expect(ben.getByText('Logs are moved away.', { exact: true })).toBeVisible({ timeout: 5_000 });
  await expect(anna.getByLabel('What happens', { exact: true })).toHaveValue('');

  // Goals, with evidence; then it can be resolved.
  const incident = await muster.ask<{ incident: { id: string; goals: { goal: string }[] } }>(
    '{ incident(reference: "INC-1") { id goals { goal } } }',
  );
  for (const { goal } of incident.incident.goals) {
    await muster.ask('mutation($input: ConfirmGoalInput!) { confirmGoal(input: $input) { incident { id } } }', {
      input: { incidentId: incident.incident.id, goal, evidence: 'Looked at the graphs.' },
    });
  }
  await anna.getByRole('button', { name: 'More to do with it' }).click();
  await anna.getByRole('menuitem', { name: 'Resolve' }).click();
  await anna.getByLabel('What it was and how it ended').fill('Logs filled the disk. They are rotated now.');
  await anna.getByRole('button', { name: 'Resolve it' }).click();
  await expect(ben.getByText('Resolved').first()).toBeVisible();
});

test('what an administrator takes out is gone from every open page at once', async ({ muster, signIn }) => {
  const ada = await signIn(muster.add('Ada', 'admin'));
  const ben = await signIn(muster.add('Ben', 'responder'));
  await muster.ask('mutation { declareIncident(input: { name: "Leak", severity: MINOR }) { incident { id } } }');
  for (const page of [ada, ben]) await page.goto('/incidents/INC-1');
  await ben.getByLabel('What happens', { exact: true }).fill('The password is quokka.');
  await ben.keyboard.press('Control+Enter');
  const written = (page: typeof ada) => page.getByRole('article').filter({ hasText: 'quokka' });
  await expect(written(ben)).toBeVisible();
  await written(ben).hover();
  await expect(written(ben).getByRole('button', { name: /^Redact/ })).toHaveCount(0);
  await written(ada).hover();
  await written(ada)
    .getByRole('button', { name: /^Redact #/ })
    .click();
  await ada.getByLabel('Why').fill('A password was pasted');
  await ada.getByRole('button', { name: 'Redact', exact: true }).click();
  for (const page of [ada, ben]) {
    await expect(page.getByText('Redacted by Ada: A password was pasted')).toBeVisible({ timeout: 5_000 });
    await expect(page.getByText('quokka')).toHaveCount(0);
  }
});

test('what is typed while the network is cut is kept, and sent once', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Anna', 'responder'));
  await muster.ask('mutation { declareIncident(input: { name: "Cut", severity: MINOR }) { incident { id } } }');
  await page.goto('/incidents/INC-1');
  const composer = page.getByLabel('What happens', { exact: true });
  await expect(page.locator('[data-state=live]').first()).toBeAttached();
  await page.context().setOffline(true);
  await composer.fill('Written without a network.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText("Can't reach the server").first()).toBeVisible();
  await expect(composer).toHaveValue('Written without a network.');
  await page.context().setOffline(false);
  // A reload in between loses nothing.
  await page.reload();
  await expect(composer).toHaveValue('Written without a network.');
  await expect(page.locator('[data-state=live]').first()).toBeAttached();
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(page.getByText('Written without a network.').last()).toBeVisible();
  await expect(composer).toHaveValue('');
  const { incident } = await muster.ask<{ incident: { timeline: { nodes: { text: string }[] } } }>(
    '{ incident(reference: "INC-1") { timeline(first: 50) { nodes { text } } } }',
  );
  expect(incident.timeline.nodes.filter(({ text }) => text === 'Written without a network.')).toHaveLength(1);
});

test('a restricted incident shows nowhere to who may not know', async ({ muster, signIn }) => {
  const { declareIncident } = await muster.ask<{ declareIncident: { incident: { id: string } } }>(
    'mutation { declareIncident(input: { name: "Nobody may know", severity: MAJOR }) { incident { id } } }',
  );
  const page = await signIn(muster.add('Vera', 'viewer'));
  await expect(page.getByText('Nobody may know').first()).toBeVisible();
  // It becomes restricted under her eyes.
  await muster.ask(
    'mutation($id: ID!) { updateIncident(input: { incidentId: $id, visibility: RESTRICTED }) { incident { id } } }',
    {
      id: declareIncident.incident.id,
    },
  );
  for (const path of ['/', '/declare', '/follow-ups', '/incidents/INC-1', '/sites', '/clients']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('Nobody may know')).toHaveCount(0);
  }
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('An incident, a person, a site or a page').fill('Nobody may know');
  await expect(page.getByText('Nothing found')).toBeVisible();
});
