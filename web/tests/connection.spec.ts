/** The page and its server: away, killed, signed out elsewhere, upgraded. */
import { expect, test } from './muster';

const declare =
  'mutation($name: String!) { declareIncident(input: { name: $name, severity: MAJOR }) { incident { id reference } } }';

test('a server that was killed is back without a reload, and what happened meanwhile shows', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await expect(page.locator('[data-state=live]').first()).toBeAttached();
  await muster.kill();
  await expect(page.getByText('Not live: trying to reconnect')).toBeVisible();
  await muster.start();
  await muster.ask(declare, { name: 'Declared while nobody looked' });
  await expect(page.getByText('Declared while nobody looked').first()).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await muster.ask(declare, { name: 'Declared when all was well' });
  await expect(page.getByText('Declared when all was well').first()).toBeVisible();
});

test('a session that ends elsewhere is said at once, and signing in again in another tab goes on', async ({ muster, signIn }) => {
  const link = muster.add('Sam', 'responder');
  const page = await signIn(link);
  await expect(page.locator('[data-state=live]').first()).toBeAttached();
  const { people } = await muster.ask<{ people: { nodes: { id: string }[] } }>('{ people(text: "Sam") { nodes { id } } }');
  await muster.ask('mutation($id: ID!) { endSessions(input: { personId: $id }) { ended } }', { id: people.nodes[0]!.id });
  await expect(page.getByRole('alert')).toContainText('You are signed out', { timeout: 5_000 });

  const other = await page.context().newPage();
  await other.goto(muster.linkFor('sam@example.org'));
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.locator('[data-state=live]').first()).toBeAttached();
  await other.close();
  await page.bringToFront();
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await expect(page.getByRole('alert')).toHaveCount(0);
  await muster.ask(declare, { name: 'Heard again' });
  await expect(page.getByText('Heard again').first()).toBeVisible();
});
