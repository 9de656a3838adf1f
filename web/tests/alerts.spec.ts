/** The inbox of alerts: what was posted, why nothing came of it, taking it again, and trying rules before they are in force. */
import { expect, test, type Muster } from './muster';

const alert = (muster: Muster, title: string) =>
  muster.alert(
    JSON.stringify({
      source: 'monit',
      group: title,
      alerts: [{ id: title, title, state: 'firing', severity: 'critical', labels: { api_token: 'hunter2' } }],
    }),
  );
const NOISE = '[[alerts.rules]]\nname = "Noise"\ntitle = "*noise*"\nthen = "ignore"\n';
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test('what was posted can be found, read, tried and taken again', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Alerts' }).click();
  await expect(page.getByText('Nothing has been posted yet')).toBeVisible();

  expect(await alert(muster, 'Checkout is down')).toBe(200);
  expect(await muster.alert('{"alerts": 5}')).toBe(400);
  const list = page.getByRole('list', { name: 'What was posted' });
  await expect(async () => {
    await page.getByRole('button', { name: 'Look again' }).click();
    await expect(list.getByRole('listitem')).toHaveCount(2, { timeout: 1_000 });
  }).toPass();
  await expect(list.getByRole('listitem').first()).toContainText('Could not be read');
  await expect(list.getByRole('listitem').nth(1)).toContainText('1 alert: 1 new, 0 ended');
  await expect(list.getByRole('link', { name: 'INC-1' })).toBeVisible();

  const outcomes = page.getByRole('group', { name: 'What came of it' });
  await outcomes.getByRole('button', { name: 'Could not be read' }).click();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await page.reload();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await outcomes.getByRole('button', { name: 'All', exact: true }).click();
  await list.getByRole('link', { name: 'Show what monit posted' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Posted by monit' })).toBeVisible();
  await expect(page.getByText('1 alert: 1 new, 0 ended')).toBeVisible();
  const body = page.getByRole('group', { name: 'Body', exact: true });
  await expect(body).toContainText('"title": "Checkout is down"');
  await expect(body).toContainText('"api_token": "(cut)"');
  await expect(page.getByText('hunter2')).toHaveCount(0);
  await page.getByRole('button', { name: 'Try with the rules in force' }).click();
  const becomes = page.getByRole('list', { name: 'What becomes of its alerts' });
  await expect(becomes.getByRole('listitem')).toContainText('Opens an incident');
  await expect(becomes.getByRole('listitem')).toContainText('no rule takes it');

  await page.getByRole('button', { name: 'Take it again' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take it again' }).click();
  await expect(page.getByText('Last taken again')).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await expect(list.getByRole('listitem')).toContainText('Could not be read');
  await page.goto('/alerts/posts/apo_00000000000000000000000000000001');
  await expect(page.getByRole('heading', { level: 1, name: 'This post is not here any more' })).toBeVisible();
});

for (const [name, options] of Object.entries({ 'at a desk': {}, 'on a phone': PHONE })) {
  test(`rules are tried on what was posted before they are in force, ${name}`, async ({ muster, signIn }) => {
    expect(await alert(muster, 'noise on web1')).toBe(200);
    expect(await alert(muster, 'Checkout is down')).toBe(200);
    const page = await signIn(muster.adminLink(), options);
    await page.goto('/alerts/rules');
    await expect(page.getByText('There are no rules')).toBeVisible();
    const text = page.getByLabel('Rules, as in the playbook');
    await text.fill(NOISE.replace('ignore', 'forget'));
    await text.press('Control+Enter');
    await expect(page.getByText('These rules can’t be read')).toBeVisible();
    await page.getByRole('button', { name: 'Line 4' }).click();
    const chosen = () => text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
    expect(await chosen()).toBe('then = "forget"');

    await text.fill(NOISE);
    await expect(async () => {
      await page.getByRole('button', { name: 'See what they would have done' }).click();
      await expect(page.getByText('Looked at 2 alerts in 2 posts.')).toBeVisible({ timeout: 1_000 });
    }).toPass();
    await expect(page.getByRole('row', { name: /^Noise/ })).toContainText(/1\s*0\s*0\s*0\s*1/);
    await expect(page.getByRole('heading', { name: '1 alert would be treated differently' })).toBeVisible();
    const differing = page.getByRole('list', { name: '1 alert would be treated differently' });
    await expect(differing).toContainText('The alert is ignored by the rule “Noise”');
    await expect(differing).toContainText('Under the rules in force: Opens an incident');

    await page.reload();
    await expect(text).toHaveValue(NOISE);
    await expect(page.getByRole('group', { name: 'Copy the rules' })).toContainText('name = "Noise"');
    await page.getByRole('button', { name: 'Begin again with the rules in force' }).click();
    await expect(text).toHaveValue('');
    // Nothing was changed by trying.
    await expect(page.getByText('There are no rules')).toBeVisible();
  });
}

test('people who work on incidents see when a source was last heard, and not what it posted', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Sam', 'responder'));
  await page.goto('/integrations');
  const sources = page.getByRole('list', { name: 'Sources of alerts' });
  await expect(sources.getByRole('listitem').filter({ hasText: '/hooks/alerts' }).first()).toContainText('Not heard yet');
  expect(await alert(muster, 'Checkout is down')).toBe(200);
  await expect(async () => {
    await page.reload();
    await expect(sources.getByRole('listitem').filter({ hasText: 'Last heard' })).toHaveCount(1, { timeout: 1_000 });
  }).toPass();
  await page.goto('/alerts');
  await expect(page.getByText('administrator')).toBeVisible();
  await page.getByRole('navigation', { name: 'Alerts' }).getByRole('link', { name: 'Rules' }).click();
  await expect(page.getByRole('heading', { name: 'Rules in force' })).toBeVisible();
  await expect(page.getByLabel('Rules, as in the playbook')).toHaveCount(0);
});
