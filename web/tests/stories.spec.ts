/**
 * How the components look, against the pictures in `tests/looks`. Where a change of style is meant, `npx playwright test
 * stories.spec --update-snapshots` accepts it. The page of stories brings its own letters and signs, so any machine's Chromium draws the same.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test as base, type BrowserContext, type Page } from '@playwright/test';
import { build, type Rolldown } from 'vite';

const HOST = 'http://stories.test';
const GROUPS = readdirSync(new URL('../src/stories/', import.meta.url)).flatMap((name) => /^(\w+)\.story/.exec(name)?.[1] ?? []);
const ON_A_PHONE = ['Dialogs', 'Shell', 'Steps'];
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', woff2: 'font/woff2' };

type Files = Map<string, string | Uint8Array>;

/** The page of stories, built into memory. */
async function buildStories(): Promise<Files> {
  // As the console is built: Playwright says `test`.
  process.env.NODE_ENV = 'production';
  const built = await build({
    mode: 'stories',
    base: '/',
    logLevel: 'error',
    build: { write: false, minify: false, rolldownOptions: { input: 'src/stories/index.html' } },
  });
  const { output } = built as Rolldown.RolldownOutput;
  return new Map(output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]));
}

const test = base.extend<object, { files: Files }>({
  launchOptions: [
    async ({ launchOptions }, use) => {
      const env = { ...process.env, FONTCONFIG_FILE: fileURLToPath(new URL('fonts.conf', import.meta.url)) };
      await use({ ...launchOptions, env: env as Record<string, string> });
    },
    { scope: 'worker' },
  ],
  files: [async ({ browserName }, use) => use((void browserName, await buildStories())), { scope: 'worker', timeout: 60_000 }],
});

/** Answers from memory. */
async function serve(context: BrowserContext, files: Files) {
  await context.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url());
    const name = pathname === '/' ? 'src/stories/index.html' : pathname.slice(1);
    const body = files.get(name);
    if (body === undefined) return route.abort();
    return route.fulfill({ body: Buffer.from(body), contentType: TYPES[name.split('.').at(-1)!] });
  });
}

async function show(page: Page, files: Files, group: string) {
  await serve(page.context(), files);
  await page.clock.setFixedTime('2026-11-27T20:15:00Z');
  await page.goto(`${HOST}/?group=${group}`);
  await Promise.all(page.frames().map((frame) => frame.evaluate(() => document.fonts.ready)));
  return page.locator(`#${group}`);
}

/** Many frames on a busy machine take their time until two pictures in a row are the same. */
const PATIENT = { timeout: 60_000 };

test.describe('at a desk', () => {
  for (const group of GROUPS) {
    test(`${group} look as they did`, async ({ page, files }) => {
      await expect(await show(page, files, group)).toHaveScreenshot(`${group}.png`, PATIENT);
    });
  }
});

test.describe('on a phone', () => {
  test.use(PHONE);
  for (const group of ON_A_PHONE) {
    test(`${group} look as they did on a phone`, async ({ page, files }) => {
      await expect(await show(page, files, group)).toHaveScreenshot(`${group}-phone.png`, PATIENT);
    });
  }
});
