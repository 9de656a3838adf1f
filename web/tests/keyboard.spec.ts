/** An incident from declared to closed without a mouse, and by one thumb on a phone. */
import type { Locator, Page } from '@playwright/test';
import { Between, expect, test } from './muster';

const composerOf = (page: Page) => page.getByLabel('What happens', { exact: true });

/** Where the keyboard is, and whether one sees it. */
const focus = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement!;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const isSeen = at.matches('main, h1, h2') || (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0);
    return { is: at.tagName, name: at.outerHTML.slice(0, 120), isSeen };
  });

/** Goes there by Tab, or back by Shift-Tab, and sees the focus on the way. */
async function tabTo(page: Page, target: Locator, key = 'Tab') {
  await expect(target).toBeVisible();
  for (let step = 0; step < 80; step++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
    const { is, name, isSeen } = await focus(page);
    if (is !== 'BODY') expect(isSeen, `the focus is seen on ${name}`).toBe(true);
  }
  throw new Error(`${target} can't be reached by ${key}`);
}

/** After a dialog has closed, whoever uses the keyboard is somewhere. */
async function isClosed(page: Page) {
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(async () => expect((await focus(page)).is).not.toBe('BODY')).toPass();
}

async function choose(page: Page, deed: string) {
  await tabTo(page, page.getByRole('button', { name: 'More to do with it' }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menu')).toBeVisible();
  const item = page.getByRole('menuitem', { name: deed });
  await expect(async () => {
    if (!(await item.evaluate((element) => element.matches('[data-highlighted]')))) await page.keyboard.press('ArrowDown');
    expect(await item.evaluate((element) => element.matches('[data-highlighted]'))).toBe(true);
  }).toPass({ intervals: [50] });
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
}

test('by keyboard alone', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Kay', 'responder'));
  await expect(page.locator('[data-state=live]').first()).toBeAttached();

  // ? says what there is.
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toContainText('Report or declare an incident');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  // Declared, by somebody who does not lead.
  await page.keyboard.press('c');
  await expect(page.getByLabel('What is it, in a few words?')).toBeFocused();
  await page.keyboard.type('The shop is down');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Every page answers 503.');
  await tabTo(page, page.getByRole('radio', { name: 'Critical' }));
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: 'Major' })).toBeChecked();
  await tabTo(page, page.getByRole('checkbox', { name: /lead/i }));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('button', { name: 'Declare', exact: true }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'The shop is down' })).toBeVisible();
  await expect(async () => expect((await focus(page)).is).not.toBe('BODY')).toPass();

  // Leads, from the next steps.
  await page.keyboard.press('n');
  await expect(page.getByRole('heading', { level: 2, name: /Next steps/ })).toBeFocused();
  const step = page.getByRole('article', { name: 'Name an incident lead' });
  await tabTo(page, step.getByRole('button', { name: "I'll do it" }));
  await page.keyboard.press('Enter');
  await expect(step).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 2, name: /Next steps/ })).toBeFocused();

  // A note, and a summary for everyone.
  await page.keyboard.press('w');
  await expect(composerOf(page)).toBeFocused();
  await page.keyboard.type('The disk is full.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('The disk is full.', { exact: true })).toBeVisible();
  await expect(composerOf(page)).toHaveValue('');
  await page.keyboard.type('/update The shop is down; we free the disk.');
  await expect(page.getByLabel('Kind')).toHaveValue('UPDATE');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('The shop is down; we free the disk.').first()).toBeVisible();
  await expect(composerOf(page)).toHaveValue('');
  await expect(composerOf(page)).toBeFocused();

  // Less severe.
  await choose(page, 'Change severity');
  await tabTo(page, page.getByRole('dialog').getByRole('radio', { name: 'Major' }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Only the search is away.');
  await page.keyboard.press('Control+Enter');
  await isClosed(page);
  await expect(page.getByRole('button', { name: 'Change severity: Minor' })).toBeVisible();

  // Over.
  const { incident } = await muster.ask<{ incident: { id: string } }>('{ incident(reference: "INC-1") { id } }');
  await muster.meetGoals(incident.id);
  await choose(page, 'Resolve');
  await tabTo(page, page.getByLabel('What it was and how it ended'));
  await page.keyboard.type('Logs filled the disk.');
  await page.keyboard.press('Control+Enter');
  await isClosed(page);
  await expect(page.getByText('Resolved', { exact: true }).first()).toBeVisible();
  await choose(page, 'Close');
  await tabTo(page, page.getByRole('dialog').getByRole('textbox'));
  await page.keyboard.type('Nothing is left.');
  await tabTo(
    page,
    page
      .getByRole('dialog')
      .getByRole('button', { name: /^Close/ })
      .last(),
  );
  await page.keyboard.press('Enter');
  await isClosed(page);
  await expect(page.getByText('Closed', { exact: true }).first()).toBeVisible();

  // From anywhere to an incident.
  await page.keyboard.press('b');
  await expect(page).toHaveURL(/\/$/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('shop is');
  await expect(page.getByRole('combobox')).toHaveValue('shop is');
  await expect(page.getByRole('option', { name: /INC-1/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'The shop is down' })).toBeVisible();
  await isClosed(page);
});

test('what is pressed before its part of the page is loaded is done once it is', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('Slowly');
  const page = await signIn(muster.add('Kay', 'responder'));
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  for (const part of ['Side', 'Dialogs', 'Deeds', 'Finder']) {
    const between = await Between.the(page, `**/${part}-*.js`);
    between.answer = async (route) => {
      await released;
      await route.fallback();
    };
  }
  await page.goto(`/incidents/${reference}`);

  // What is typed into the palette stays there.
  await expect(page.getByRole('heading', { level: 1, name: 'Slowly' })).toBeVisible();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Go to anything' });
  await page.keyboard.type('slow');
  await expect(palette.getByRole('textbox')).toHaveValue('slow');
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);

  // A step leads to the side, a badge to a dialog, and a button to a menu, which has the focus then.
  await page.getByRole('button', { name: 'Change severity: Major' }).click();
  await page.getByRole('button', { name: 'More to do with it' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  release();
  await expect(page.getByRole('menu')).toBeVisible();
  await expect(page.getByRole('dialog', { name: 'Change severity' })).toBeVisible();
});

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Controls that a thumb can miss, and pages that scroll sideways. Links inside of a text are no controls. */
const clumsy = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push('scrolls sideways');
    for (const control of document.querySelectorAll<HTMLElement>(
      'button, a.button, nav a, summary, select, textarea, input:not([type=file])',
    )) {
      const pressed = control.matches('[type=checkbox], [type=radio]') ? (control.closest('label') ?? control) : control;
      if (!pressed.checkVisibility({ visibilityProperty: true }) || control.closest('.unseen')) continue;
      const { width, height } = pressed.getBoundingClientRect();
      if (width < 43.5 || height < 43.5)
        found.push(`${Math.round(width)}x${Math.round(height)} ${control.outerHTML.slice(0, 100)}`);
    }
    return found;
  });

test('by one thumb on a phone', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Thea', 'responder'), PHONE);
  await page.getByRole('navigation').getByRole('link', { name: 'Declare' }).tap();
  await page.getByLabel('What is it, in a few words?').fill('The shop is down');
  await page.getByRole('radio', { name: 'Critical' }).tap();
  expect.soft(await clumsy(page)).toEqual([]);
  await page.getByRole('button', { name: 'Declare', exact: true }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'The shop is down' })).toBeVisible();

  // Writing it down is at hand, whatever part of the page is shown.
  for (const tab of ['Now', 'Timeline', 'Clients', 'More']) {
    await page.getByRole('group', { name: 'Parts of the page' }).getByRole('button', { name: tab }).tap();
    await expect(composerOf(page)).toBeInViewport({ ratio: 1 });
    expect.soft(await clumsy(page), tab).toEqual([]);
  }
  await composerOf(page).fill('The disk is full.');
  await page.getByRole('button', { name: 'Send' }).tap();
  await expect(composerOf(page)).toHaveValue('');

  const { incident } = await muster.ask<{ incident: { id: string } }>('{ incident(reference: "INC-1") { id } }');
  await muster.meetGoals(incident.id);
  await page.getByRole('button', { name: 'More to do with it' }).tap();
  await page.getByRole('menuitem', { name: 'Resolve' }).tap();
  await page.getByLabel('What it was and how it ended').fill('Logs filled the disk.');
  expect.soft(await clumsy(page)).toEqual([]);
  await page.getByRole('button', { name: 'Resolve it' }).tap();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByText('Resolved', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'More to do with it' }).tap();
  await page.getByRole('menuitem', { name: 'Close' }).tap();
  await page.getByRole('dialog').getByRole('textbox').fill('Nothing is left.');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Close/ })
    .last()
    .tap();
  await expect(page.getByText('Closed', { exact: true }).first()).toBeVisible();

  await page.getByRole('navigation').getByRole('link', { name: 'Board' }).tap();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await muster.declare('Another one', 'CRITICAL');
  await expect(page.getByText('Another one').first()).toBeVisible();
  expect.soft(await clumsy(page)).toEqual([]);
});
