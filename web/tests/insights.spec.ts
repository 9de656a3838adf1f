/** Figures of many incidents, on the page and as a file; when somebody was paged. */
import { expect, test } from './muster';

test.use({ isDemo: true });

test('figures come with what is not known, and as a file', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.goto('/insights');
  const toResolve = page.getByRole('region', { name: 'To resolve' });
  await expect(toResolve).toContainText('1 without');
  await expect(toResolve.getByRole('row')).not.toHaveCount(0);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Figures' }).click()]);
  expect(file.suggestedFilename()).toMatch(/^figures-.*\.csv$/);

  await page.getByRole('button', { name: 'Everybody’s' }).click();
  await expect(page.getByRole('list', { name: 'Who was paged when' })).toContainText('Priya Raman');
  expect(new URL(page.url()).searchParams.get('whose')).toBe('all');

  await page.getByLabel('From').fill('2020-01-01');
  await page.getByLabel('From').blur();
  await expect(page.getByText('The period may have')).toBeVisible();
  await page.getByRole('button', { name: 'This month' }).click();
  await expect(toResolve).toBeVisible();

  const bySite = page.getByRole('region', { name: 'By site' });
  const site = bySite.getByRole('button').first();
  const name = await site.innerText();
  await site.click();
  await expect(bySite.getByRole('button')).toHaveCount(1);
  await expect(page.getByRole('link', { name: 'Figures' })).toHaveAttribute('href', /site=sit_/);
  await page.getByRole('button', { name: `Only ${name}` }).click();
  await expect(page.getByRole('button', { name: `Only ${name}` })).toHaveCount(0);
});
