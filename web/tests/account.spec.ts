/** One's own calendar, by a link that is shown once; and who looks after a client. */
import { expect, test } from './muster';

test('the link of a calendar is made, shown once, made anew and revoked', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Kim', 'responder'));
  await page.goto('/account');
  const calendar = page.getByRole('region', { name: 'Your calendar' });
  const status = async (link: string) => (await fetch(link)).status;
  const shown = async () => (await calendar.getByRole('group', { name: 'Link of your calendar' }).textContent())!;

  await calendar.getByRole('button', { name: 'Make a link' }).click();
  await expect(calendar).toContainText('Copy it now');
  const first = await shown();
  expect(new URL(first).pathname).toMatch(/^\/calendar\/[\w-]{40,}\.ics$/);
  await expect(calendar).toContainText('never read');
  expect(await (await fetch(first)).text()).toContain('X-WR-CALNAME:Muster: Kim');
  await page.reload();
  await expect(calendar).toContainText('last read');
  await expect(calendar).not.toContainText('/calendar/');

  await calendar.getByRole('button', { name: 'Make a new link' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new link' }).click();
  await expect(calendar).toContainText('Copy it now');
  const second = await shown();
  expect([await status(first), await status(second)]).toEqual([404, 200]);

  await calendar.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(calendar).toContainText('No link yet');
  await expect(calendar).not.toContainText('/calendar/');
  expect(await status(second)).toBe(404);
});

test('people say who looks after a client', async ({ muster, signIn }) => {
  muster.add('Uma', 'responder');
  const page = await signIn(muster.add('Kim', 'responder'));
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Add a client' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Acme');
  await dialog.getByLabel('Who looks after it').click();
  await page.keyboard.type('Um');
  await page.getByRole('option', { name: /Uma/ }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  const clients = page.getByRole('list', { name: 'Clients' });
  await expect(clients).toContainText('Looked after by Uma');

  await clients.getByRole('button', { name: 'Edit Acme' }).click();
  await dialog.getByRole('button', { name: 'Take Uma away' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(clients).not.toContainText('Looked after by');
});
