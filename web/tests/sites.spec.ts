/** The catalogue: a list that is looked at before it is imported, a site with where each field comes from, and finding it by its address. */
import { expect, test } from './muster';

const LIST = [
  'name,url,client,environment,code freeze,runbook',
  'Shop,https://shop.example.org,Example Ltd,live,2026-12-15 to 2027-01-05 Christmas,https://wiki.example.org/shop',
  'Blog,https://blog.example.org,Example Ltd,staging,,',
].join('\n');

test('a list shows what it would change, and is imported exactly so', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Sam', 'responder'));
  await page.goto('/sites');
  await expect(page.getByText('No sites yet')).toBeVisible();
  await page.getByRole('link', { name: 'Import a list' }).click();

  // What is wrong is said with its line and column, and what was pasted stays.
  await page.getByLabel('Or paste the list').fill('name,url\nShop,shop.example.org');
  await page.getByRole('button', { name: 'Show what would change' }).click();
  const problems = page.getByRole('region', { name: 'Fix these first' });
  await expect(problems.getByRole('row').nth(1)).toContainText('2url');
  await expect(page.getByRole('button', { name: 'Import', exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Back to the list' }).click();
  await expect(page.getByLabel('Or paste the list')).toHaveValue(/shop\.example\.org/);

  // A file in another encoding would lose its umlauts.
  const old = Buffer.from('name\nMünchen', 'latin1');
  await page.getByLabel('File').setInputFiles({ name: 'old.csv', mimeType: 'text/csv', buffer: old });
  await expect(page.getByRole('alert')).toContainText('not in UTF-8');
  await expect(page.getByLabel('Or paste the list')).toHaveValue(/shop\.example\.org/);

  await page.getByLabel('File').setInputFiles({ name: 'sites.csv', mimeType: 'text/csv', buffer: Buffer.from(LIST) });
  await expect(page.getByLabel('Or paste the list')).toHaveValue(LIST);
  await page.getByLabel('Or paste the list').press('Control+Enter');
  await expect(page.getByRole('heading', { name: '2 new, 0 changed' })).toBeFocused();
  await expect(page.getByText('New clients: Example Ltd.')).toBeVisible();
  const changes = page.getByRole('region', { name: 'What changes' });
  await expect(changes.getByRole('row').filter({ hasText: 'PRODUCTION' })).toContainText('Environment');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Imported: 2 new' })).toBeFocused();

  await page.getByRole('link', { name: 'Back to sites' }).first().click();
  const list = page.getByRole('list', { name: 'Sites' });
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await page.getByLabel('Environment').selectOption('STAGING');
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await page.getByLabel('Environment').selectOption('');
  await page.getByRole('searchbox').fill('https://shop.example.org/cart?a=b');
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByRole('link', { name: 'Shop' }).first().click();

  // A site says where each field comes from, and what is set by hand stays until it is left to imports.
  await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
  const runbook = page.locator('.entry').filter({ hasText: 'Runbook' });
  await expect(runbook).toContainText('From a list');
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Runbook').fill('https://wiki.example.org/new');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(runbook).toContainText('By hand');
  await runbook.getByRole('button', { name: 'Let imports set it' }).click();
  await expect(runbook.getByRole('button')).toHaveCount(0);
});

test('a list that loses many takes a word more, and who is gone is found where it is meant to be', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  const take = async (csv: string) => {
    await page.goto('/sites/import');
    await page.getByLabel('Or paste the list').fill(csv);
    await page.getByRole('button', { name: 'Show what would change' }).click();
  };
  await take(LIST);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Imported: 2 new' })).toBeVisible();
  await take('name\nShop');
  await expect(page.getByRole('region', { name: 'What changes' })).toContainText('No longer in the list');
  await page.getByLabel('Yes, mark 1 site as gone').check();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Imported: 0 new, 0 changed, 1 gone.' })).toBeVisible();
  await page.goto('/sites');
  await expect(page.getByRole('listitem').filter({ hasText: 'Blog' })).toHaveCount(0);
  await page.getByRole('button', { name: 'No longer looked after' }).click();
  await page.getByRole('link', { name: 'Blog', exact: true }).click();
  await page.getByRole('button', { name: 'Look after it again' }).click();
  await expect(page.getByRole('button', { name: 'Look after it again' })).toHaveCount(0);

  // What was decided by hand can be left to imports.
  const gone = page.locator('.entry').filter({ hasText: 'No longer looked after' });
  await expect(gone).toContainText('By hand');
  await gone.getByRole('button', { name: 'Let imports set it' }).click();
  await expect(gone).toHaveCount(0);
});

test('a list that something overtook is looked at again before it is imported', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.goto('/sites/import');
  await page.getByLabel('Or paste the list').fill(LIST);
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await expect(page.getByRole('heading', { name: '2 new, 0 changed' })).toBeFocused();
  await muster.ask('mutation($input: SaveSiteInput!) { saveSite(input: $input) { site { id } } }', {
    input: { name: 'Shop', url: 'https://shop.example.org' },
  });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('has changed since you looked');
  await expect(page.getByRole('button', { name: 'Import', exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect(page.getByRole('heading', { name: '1 new, 1 changed' })).toBeFocused();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'Said before' })).toBeVisible();
});

test('on a phone, what a list would change stays readable', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/sites/import');
  await page.getByLabel('Or paste the list').fill(`${LIST}\nLong,https://${'long-name.'.repeat(12)}example.org,,,,`);
  await page.getByRole('button', { name: 'Show what would change' }).click();
  const changes = page.getByRole('region', { name: 'What changes' });
  await expect(changes.getByText('PRODUCTION')).toBeVisible();
  const isWider = (box: Element) => box.scrollWidth > box.clientWidth;
  expect(await changes.evaluate(isWider)).toBe(false);
  expect(await page.locator('html').evaluate(isWider)).toBe(false);
});

test('a quiet window is added and ended on the page of its site, which says that it is on', async ({ muster, signIn }) => {
  await muster.ask('mutation($input: SaveSiteInput!) { saveSite(input: $input) { site { id } } }', { input: { name: 'Shop' } });
  const page = await signIn(muster.adminLink());
  await page.goto('/sites');
  await page.getByRole('link', { name: 'Shop', exact: true }).click();
  const windows = page.getByRole('region', { name: 'Quiet windows' });
  await expect(windows).toContainText('No window is on');
  await windows.getByRole('button', { name: 'Add a quiet window' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why').fill('Upgrade of the database');
  await dialog.getByRole('button', { name: 'Add a quiet window' }).click();
  await expect(page.getByText('Alerts are quiet until')).toBeVisible();
  await expect(windows.getByRole('listitem')).toContainText('On now');
  await windows.getByRole('button', { name: 'End now: Upgrade of the database' }).click();
  await expect(page.getByRole('dialog', { name: 'End the quiet window now?' })).toContainText('may page somebody');
  await dialog.getByRole('button', { name: 'End now' }).click();
  await expect(windows).toContainText('No window is on');
  await expect(page.getByText('Alerts are quiet until')).toHaveCount(0);
});

test('declaring finds a site by its address, and says what to bear in mind there', async ({ muster, signIn }) => {
  await muster.ask('mutation($input: SaveSiteInput!) { saveSite(input: $input) { site { id } } }', {
    input: { name: 'Shop', url: 'https://shop.example.org', codeFreeze: '2026-12-15 to 2027-01-05', expected: 'Slow nights.' },
  });
  const page = await signIn(muster.adminLink());
  await page.goto('/declare');
  await page.getByLabel('Sites').click();
  await page.keyboard.type('https://shop.example.org/cart');
  await page.getByRole('option', { name: 'Shop' }).click();
  await expect(page.getByText('Code freeze: 2026-12-15 to 2027-01-05')).toBeVisible();
  await expect(page.getByText('Normal there: Slow nights.')).toBeVisible();
});
