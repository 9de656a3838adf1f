/** One's own calendar, by a link that is shown once. */
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
