/** Heartbeats (S8): a job gets an address, tells that it lives, and is paused, given another address and removed. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './muster';

const PAGE = '/alerts/heartbeats';

test('a heartbeat is added, called, paused, given another address and removed', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.goto(PAGE);
  await expect(page.getByText('No heartbeats yet')).toBeVisible();

  await page.getByRole('button', { name: 'Add a heartbeat' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Nightly Backup');
  await dialog.getByLabel('Runs every', { exact: true }).fill('1');
  await dialog.getByLabel('Unit of “Runs every”').selectOption('days');
  await dialog.getByLabel('What to do when it falls silent').fill('It runs on db1.');
  await dialog.getByRole('button', { name: 'Add a heartbeat' }).click();
  // What is wrong is said, and what was typed stays.
  await expect(dialog.getByRole('alert')).toContainText('lower-case letters');
  await expect(dialog.getByRole('alert')).toBeInViewport();
  await expect(dialog.getByLabel('Name')).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('What to do when it falls silent')).toHaveValue('It runs on db1.');
  await dialog.getByLabel('Name').fill('nightly-backup');
  await dialog.getByRole('button', { name: 'Add a heartbeat' }).click();

  const shown = page.getByRole('dialog', { name: 'Address of nightly-backup' });
  const address = (await shown.getByRole('group', { name: 'Address', exact: true }).textContent())!;
  expect(address).toContain(`${muster.url}/hooks/heartbeat/nightly-backup/`);
  await expect(shown.getByRole('group', { name: 'In a script' })).toHaveText(
    `curl -fsS -m 10 --retry 5 --retry-connrefused -o /dev/null ${address}`,
  );
  await expect(shown.getByRole('group', { name: 'In a crontab' })).toContainText(`"${address}?exit=$?"`);
  await shown.getByRole('button', { name: 'Close' }).last().click();

  const row = page.getByRole('article', { name: 'nightly-backup' });
  await expect(row).toContainText('Waiting for its first beat');
  expect((await fetch(address)).status).toBe(200);
  // Nobody has to look again.
  await expect(row).toContainText('Alive', { timeout: 30_000 });
  await expect(row).toContainText('Next expected');

  await row.getByRole('button', { name: 'Pause' }).click();
  await expect(row).toContainText('Paused since');
  await row.getByRole('button', { name: 'Resume' }).click();
  await expect(row).toContainText('Alive');

  await row.getByRole('button', { name: 'New address' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'New address' }).click();
  const other = page.getByRole('dialog', { name: 'Address of nightly-backup' });
  await expect(other.getByRole('group', { name: 'Address', exact: true })).not.toHaveText(address);
  expect((await fetch(address)).status).toBe(401);
  await other.getByRole('button', { name: 'Close' }).last().click();

  await row.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('dialog', { name: 'Remove nightly-backup?' })).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No heartbeats yet')).toBeVisible();
});

test('what a job said when it failed is shown, to responders as well, who change nothing', async ({ muster, signIn }) => {
  const { createHeartbeat } = await muster.ask<{ createHeartbeat: { url: string } }>(
    'mutation($input: CreateHeartbeatInput!) { createHeartbeat(input: $input) { url } }',
    { input: { name: 'nightly-backup', everySeconds: 3_600, graceSeconds: 600, severity: 'MINOR' } },
  );
  expect((await fetch(`${createHeartbeat.url}/fail`, { method: 'POST', body: 'The disk is full.' })).status).toBe(200);
  const page = await signIn(muster.add('Robin', 'responder'));
  await page.goto(PAGE);
  const row = page.getByRole('article', { name: 'nightly-backup' });
  await expect(row).toContainText('Failed');
  await row.getByText('What it said').click();
  await expect(row.getByText('The disk is full.')).toBeVisible();
  await expect(row.getByRole('button')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Add a heartbeat' })).toHaveCount(0);
  // Its failure is an incident by now.
  await expect(async () => {
    const { incidents } = await muster.ask<{ incidents: { nodes: { name: string }[] } }>('{ incidents { nodes { name } } }');
    expect(incidents.nodes.map(({ name }) => name)).toContain('nightly-backup says that it failed');
  }).toPass({ timeout: 30_000 });
  await expect(row.getByRole('link', { name: 'INC-1' })).toBeVisible({ timeout: 30_000 });
});

for (const [name, options] of Object.entries({
  'at a desk': { colorScheme: 'light' as const },
  'on a phone, dark': { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' as const },
})) {
  test(`heartbeats can be used by everybody ${name}`, async ({ muster, signIn }) => {
    for (const heartbeat of ['nightly-backup', 'a-job-with-a-name-as-long-as-a-name-may-be-so-that-it-must-wrap-x1']) {
      await muster.ask('mutation($input: CreateHeartbeatInput!) { createHeartbeat(input: $input) { url } }', {
        input: {
          name: heartbeat.slice(0, 64),
          everySeconds: 3_600,
          graceSeconds: 600,
          severity: 'MINOR',
          note: 'It runs on db1.',
        },
      });
    }
    const page = await signIn(muster.adminLink(), options);
    await page.goto(PAGE);
    await expect(page.getByRole('article')).toHaveCount(2);
    const find = async () => (await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id);
    expect(await find()).toEqual([]);
    expect(await page.locator('html').evaluate((box) => box.scrollWidth > box.clientWidth)).toBe(false);
    await page.getByRole('article', { name: 'nightly-backup' }).getByRole('button', { name: 'Change' }).click();
    await expect(page.getByRole('dialog', { name: 'Change nightly-backup' })).toBeVisible();
    expect(await find()).toEqual([]);
  });
}
