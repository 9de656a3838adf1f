/** Every page: nothing that axe finds, light and dark, at a desk and on a phone; nothing the browser complains of. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './muster';

const PAGES = [
  '/',
  '/?wall',
  '/declare',
  '/incidents/INC-4',
  '/incidents/INC-5',
  '/incidents/INC-1',
  '/incidents/INC-1/report',
  '/incidents/INC-4/report',
  '/incidents/INC-1/review',
  '/incidents/INC-4/review',
  '/follow-ups',
  '/alerts',
  '/alerts/rules',
  '/alerts/heartbeats',
  '/insights',
  '/on-call',
  '/people',
  '/clients',
  '/sites',
  '/sites/import',
  '/playbook',
  '/ops',
  '/search',
  '/deliveries',
  '/integrations',
  '/webhooks',
  '/audit',
  '/api',
  '/account',
];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test.use({ isDemo: true });

for (const [name, options] of Object.entries({
  'at a desk, light': { colorScheme: 'light' as const },
  'at a desk, dark': { colorScheme: 'dark' as const },
  'on a phone, light': { ...PHONE, colorScheme: 'light' as const },
  'on a phone, dark': { ...PHONE, colorScheme: 'dark' as const },
})) {
  test(`all pages can be used by everybody ${name}`, async ({ muster, signIn }) => {
    test.setTimeout(180_000);
    const page = await signIn(muster.adminLink(), options);
    for (const path of PAGES) {
      await test.step(path, async () => {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText('Loading', { exact: true })).toHaveCount(0);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
        const isWider = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
        expect(isWider, `${path} scrolls sideways`).toBe(false);
      });
    }
  });
}
