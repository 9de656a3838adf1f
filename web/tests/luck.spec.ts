/** Bad luck: what others do at the same moment, and what stands between a page and its server. Nothing that was typed is lost. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { Between, expect, test, type Muster } from './muster';

const composerOf = (page: Page) => page.getByLabel('What happens', { exact: true });
const isLive = (page: Page) => expect(page.locator('[data-state=live]').first()).toBeAttached();

/** The incident's page, live. */
async function open(page: Page, reference: string) {
  await page.goto(`/incidents/${reference}`);
  await expect(composerOf(page)).toBeVisible();
  await isLive(page);
}

async function choose(page: Page, deed: string) {
  await page.getByRole('button', { name: 'More to do with it' }).click();
  await page.getByRole('menuitem', { name: deed }).click();
}

async function setAccess(muster: Muster, name: string, accessLevel: string) {
  const { people } = await muster.ask<{ people: { nodes: { id: string }[] } }>(
    'query($text: String) { people(text: $text) { nodes { id } } }',
    { text: name },
  );
  await muster.ask('mutation($input: UpdatePersonInput!) { updatePerson(input: $input) { person { id } } }', {
    input: { personId: people.nodes[0]!.id, accessLevel },
  });
}

test('of two who resolve at once the second learns who was first', async ({ muster, signIn }) => {
  const { id, reference } = await muster.declare('Two at once');
  await muster.meetGoals(id);
  const anna = await signIn(muster.add('Anna', 'responder'));
  const ben = await signIn(muster.add('Ben', 'responder'));
  for (const page of [anna, ben]) {
    await open(page, reference);
    await choose(page, 'Resolve');
  }
  await anna.getByLabel('What it was and how it ended').fill('It was the disk.');
  await ben.getByLabel('What it was and how it ended').fill('It was the network.');
  await anna.getByRole('button', { name: 'Resolve it' }).click();
  await expect(anna.getByRole('dialog')).toHaveCount(0);
  await ben.getByRole('button', { name: 'Resolve it' }).click();
  const dialog = ben.getByRole('dialog');
  await expect(dialog.getByRole('alert')).toContainText(/Anna set the status to resolved at \d\d:\d\d/);
  await expect(dialog.getByLabel('What it was and how it ended')).toHaveValue('It was the network.');
  // It can't be resolved twice: that is said in words, and the text is still there.
  await dialog.getByRole('button', { name: 'Use mine anyway' }).click();
  await expect(dialog.getByRole('alert')).toContainText(/resolved/);
  await expect(dialog.getByLabel('What it was and how it ended')).toHaveValue('It was the network.');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toHaveCount(0);
});

test('of two who change the same, each sees what the other made of it, and either can stand', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('First name');
  const anna = await signIn(muster.add('Anna', 'responder'));
  const ben = await signIn(muster.add('Ben', 'responder'));
  const name = (page: Page) => page.getByRole('textbox', { name: 'Name', exact: true });
  for (const page of [anna, ben]) {
    await open(page, reference);
    await page.getByRole('button', { name: 'Rename' }).click();
  }
  await name(anna).fill('Name by Anna');
  await name(ben).fill('Name by Ben');
  await anna.getByRole('button', { name: 'Save' }).click();
  await expect(anna.getByRole('heading', { level: 1, name: 'Name by Anna' })).toBeVisible();
  await ben.getByRole('button', { name: 'Save' }).click();
  await expect(ben.getByText(/Anna set the name to “Name by Anna” at/)).toBeVisible();
  await expect(name(ben)).toHaveValue('Name by Ben');
  await ben.getByRole('button', { name: 'Use mine anyway' }).click();
  await expect(anna.getByRole('heading', { level: 1, name: 'Name by Ben' })).toBeVisible();

  // Theirs stands, and the rest of what was typed can still be saved.
  for (const page of [anna, ben]) await choose(page, 'Edit details and impact');
  await anna.getByLabel(/^What is known/).fill('Known to Anna');
  await anna.getByRole('button', { name: 'Save' }).click();
  await expect(anna.getByRole('dialog')).toHaveCount(0);
  await ben.getByLabel(/^What is known/).fill('Known to Ben');
  await ben.getByLabel('Affected users').fill('7');
  await ben.getByRole('button', { name: 'Save' }).click();
  await expect(ben.getByText(/Anna set what is known to “Known to Anna” at/)).toBeVisible();
  await ben.getByRole('button', { name: 'Keep theirs' }).click();
  await expect(ben.getByLabel(/^What is known/)).toHaveValue('Known to Anna');
  await ben.getByRole('button', { name: 'Save' }).click();
  await expect(ben.getByRole('dialog')).toHaveCount(0);
  const { incident } = await muster.ask<{ incident: unknown }>(
    'query($reference: String!) { incident(reference: $reference) { summary impact { users } } }',
    { reference },
  );
  expect(incident).toEqual({ summary: 'Known to Anna', impact: { users: 7 } });
});

test('a session that ends while somebody types is said, and what was typed is sent after signing in again', async ({
  muster,
  signIn,
  complaints,
}) => {
  complaints.isExpected = (text) => /401|WebSocket/.test(text);
  const { reference } = await muster.declare('Signed out');
  const page = await signIn(muster.add('Sam', 'responder'));
  await open(page, reference);
  await composerOf(page).fill('Typed by somebody who is signed out');
  const { people } = await muster.ask<{ people: { nodes: { id: string }[] } }>('{ people(text: "Sam") { nodes { id } } }');
  await muster.ask('mutation($id: ID!) { endSessions(input: { personId: $id }) { ended } }', { id: people.nodes[0]!.id });
  await expect(page.getByRole('alert')).toContainText('You are signed out');
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(page.getByText('sign in in another tab, then send it again')).toBeVisible();
  await expect(composerOf(page)).toHaveValue('Typed by somebody who is signed out');
  const other = await page.context().newPage();
  await other.goto(muster.linkFor('sam@example.org'));
  await other.getByRole('button', { name: 'Sign in' }).click();
  await isLive(other);
  await other.close();
  await page.bringToFront();
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await isLive(page);
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(composerOf(page)).toHaveValue('');
  expect(await muster.written(reference)).toContain('Typed by somebody who is signed out');
});

test('a right that is taken away is said in words, and what was typed can be taken along', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('Rights');
  const page = await signIn(muster.add('Rita', 'responder'));
  await open(page, reference);
  await composerOf(page).fill('Written by somebody who may not any more.');
  await setAccess(muster, 'Rita', 'VIEWER');
  // What the server remembers of a session lasts some seconds: until then it would be taken.
  await expect(async () => {
    const can = await page.evaluate(async () => {
      const body = JSON.stringify({ query: '{ viewer { can } }' });
      const answer = await fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      return ((await answer.json()) as { data: { viewer: { can: string[] } } }).data.viewer.can;
    });
    expect(can).not.toContain('RESPOND');
  }).toPass();
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(page.getByText('To write here you need to be a responder.')).toBeVisible();
  await expect(page.getByText('Written by somebody who may not any more.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Rename' })).toHaveCount(0);
  expect(await muster.written(reference)).not.toContain('Written by somebody who may not any more.');
});

test('an incident that becomes restricted goes from the page, and what was typed stays', async ({ muster, signIn }) => {
  const { id, reference } = await muster.declare('Soon a secret');
  const page = await signIn(muster.add('Rob', 'responder'));
  await open(page, reference);
  await composerOf(page).fill('Half a sentence');
  await muster.ask(
    'mutation($id: ID!) { updateIncident(input: { incidentId: $id, visibility: RESTRICTED }) { incident { id } } }',
    { id },
  );
  await expect(page.getByRole('heading', { level: 1, name: `${reference} doesn't exist, or you may not see it.` })).toBeVisible();
  await expect(page.getByText('Soon a secret')).toHaveCount(0);
  await expect(page.getByText('Half a sentence')).toBeVisible();
});

test('what is too large is said before it is sent, and a long text becomes a file', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('Large');
  const page = await signIn(muster.add('Lara', 'responder'));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, reference);
  const sent: string[] = [];
  // What the page asks by itself does not count.
  page.on('request', (request) => {
    if (request.url().endsWith('/files')) sent.push('a file');
    else if (request.method() === 'POST' && request.postDataJSON().query.startsWith('mutation')) sent.push('a change');
  });

  // A megabyte, pasted.
  await page.evaluate(() => navigator.clipboard.writeText('0123456789abcde\n'.repeat(65_536)));
  await composerOf(page).focus();
  await page.keyboard.press('Control+v');
  await expect(page.getByText(/1,048,5\d\d of 50,000 characters/)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Send/ })).toBeDisabled();
  await page.keyboard.type('!');
  await expect(composerOf(page)).toHaveValue(/!$/);
  expect(sent).toEqual([]);
  await page.getByRole('button', { name: 'Attach it as a file' }).click();
  await expect(page.getByText('note.txt')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Send/ })).toBeEnabled();
  await page.getByRole('button', { name: 'Remove note.txt' }).click();
  sent.length = 0;

  // A video of 200 MB: one megabyte, two hundred times.
  await page.evaluate(() => {
    const part = new Blob([new Uint8Array(1_000_000)]);
    const files = new DataTransfer();
    files.items.add(new File(new Array<Blob>(200).fill(part), 'outage.mp4', { type: 'video/mp4' }));
    dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true }));
  });
  await expect(page.getByText('outage.mp4 is larger than 25 MiB. Put it elsewhere and write down where.')).toBeVisible();

  // A folder, as it comes from a file manager.
  const folder = join(muster.folder, 'screenshots');
  mkdirSync(folder);
  const browser = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await browser.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
  }
  await expect(page.getByText('screenshots is a folder. Attach the files in it, or an archive of them.')).toBeVisible();
  expect(sent).toEqual([]);
});

test('an old tab asks to be loaded again after an upgrade, and keeps what was typed', async ({ muster, signIn, complaints }) => {
  complaints.isExpected = (text) => /404|Failed to fetch dynamically imported module/.test(text);
  const { reference } = await muster.declare('Upgrade');
  const page = await signIn(muster.add('Olga', 'responder'));
  const parts = await Between.the(page, '**/console/assets/*.js');
  await open(page, reference);
  await composerOf(page).fill('Typed before the upgrade');
  // Its parts are gone from the server.
  parts.answer = (route) => route.fulfill({ status: 404, body: 'not found' });
  await page.getByRole('link', { name: 'People' }).first().click();
  await expect(page.getByText('Muster was updated. Reload the page when you are ready')).toBeVisible();
  await expect(composerOf(page)).toHaveValue('Typed before the upgrade');
  parts.answer = undefined;
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(composerOf(page)).toHaveValue('Typed before the upgrade');
});

test('a computer whose clock is an hour wrong shows times by the server', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('What time is it');
  for (const wrong of [-3_600_000, 3_600_000]) {
    const page = await signIn(muster.linkFor(await emailOf(muster)));
    await page.clock.install({ time: Date.now() + wrong });
    await open(page, reference);
    await expect(page.getByText(/^running for \d+ (s|min)$/)).toBeVisible();
    const told = await page.locator('.middle time').first().textContent();
    await page.getByRole('button', { name: 'It happened earlier' }).click();
    const offered = await page.getByLabel('When it happened').inputValue();
    expect(Math.abs(Date.parse(`${offered}Z`) - Date.now()), `${told} ${offered}`).toBeLessThan(120_000);
  }
});

/** Somebody who may write. */
async function emailOf(muster: Muster): Promise<string> {
  const { people } = await muster.ask<{ people: { nodes: { email: string }[] } }>('{ people(text: "Tim") { nodes { email } } }');
  if (people.nodes.length === 0) muster.add('Tim', 'responder');
  return 'tim@example.org';
}

for (const [what, init] of Object.entries({
  'never opens': () => {
    window.WebSocket = class extends EventTarget {
      static readonly OPEN = 1;
      readyState = 0;
      close() {}
      send() {}
    } as unknown as typeof WebSocket;
  },
  'is held back by a proxy': undefined,
})) {
  test(`a live connection that ${what} is said, and what happens shows all the same`, async ({ muster, signIn }) => {
    const { id, reference } = await muster.declare('Behind a proxy');
    const page = await signIn(muster.add('Paul', 'responder'));
    if (init) await page.addInitScript(init);
    // It takes the connection, and passes nothing on.
    else await page.routeWebSocket('**/graphql', () => {});
    await page.clock.install();
    await page.goto(`/incidents/${reference}`);
    await expect(composerOf(page)).toBeVisible();
    await page.clock.fastForward('00:15');
    await expect(page.getByText('Not live: trying to reconnect')).toBeVisible();
    await muster.ask('mutation($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id } } }', {
      input: { incidentId: id, kind: 'NOTE', text: 'Written by somebody else' },
    });
    await page.clock.fastForward('00:11');
    await expect(page.getByText('Written by somebody else')).toBeVisible();
    await composerOf(page).fill('Written all the same');
    await page.keyboard.press('Control+Enter');
    await expect(page.getByText('Written all the same').last()).toBeVisible();
    await expect(composerOf(page)).toHaveValue('');
  });
}

test('without storage everything works as long as the page is open', async ({ muster, signIn }) => {
  const page = await signIn(muster.add('Pia', 'responder'));
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    }
  });
  await page.goto('/declare');
  await page.getByLabel('What is it, in a few words?').fill('Declared in private');
  await page.getByRole('radio', { name: /Minor/ }).check();
  await page.getByRole('button', { name: 'Declare', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Declared in private' })).toBeVisible();
  await composerOf(page).fill('Noted in private');
  await page.keyboard.press('Control+Enter');
  await expect(composerOf(page)).toHaveValue('');
  expect(await muster.written('INC-1')).toContain('Noted in private');
});

test('a page of a proxy in the place of an answer is said in words, and heals', async ({ muster, signIn, complaints }) => {
  complaints.isExpected = (text) => /502/.test(text);
  const { reference } = await muster.declare('Bad gateway');
  const page = await signIn(muster.add('Greta', 'responder'));
  const away = { status: 502, contentType: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' };
  const proxy = await Between.the(page, '**/graphql');
  await open(page, reference);
  proxy.answer = (route) => route.fulfill(away);
  await composerOf(page).fill('Written at a bad moment');
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(page.getByRole('alert')).toContainText('Something between you and Muster answered in its place.');
  await expect(composerOf(page)).toHaveValue('Written at a bad moment');
  // A page that is opened now says it too, and loads by itself once it can.
  await page.reload();
  await expect(page.getByText('Something between you and Muster answered in its place.').first()).toBeVisible();
  await expect(page.getByText('Unexpected token')).toHaveCount(0);
  proxy.answer = undefined;
  await expect(composerOf(page)).toHaveValue('Written at a bad moment');
});

test('an answer that is lost, and a server that is killed, write nothing twice', async ({ muster, signIn }) => {
  const { reference } = await muster.declare('Once');
  const page = await signIn(muster.add('Otto', 'responder'));
  const network = await Between.the(page, '**/graphql');
  await open(page, reference);
  // The server gets it, and its answer gets lost.
  network.answer = async (route) => {
    // What is still on its way when the server is killed has no answer to lose.
    await route.fetch().catch(() => undefined);
    await route.abort('connectionreset');
  };
  await composerOf(page).fill('Written once');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText("Can't reach the server").first()).toBeVisible();
  await expect(composerOf(page)).toHaveValue('Written once');
  network.answer = undefined;
  await muster.kill();
  await expect(page.getByText('Not live: trying to reconnect')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText("Can't reach the server").first()).toBeVisible();
  await muster.start();
  await isLive(page);
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(composerOf(page)).toHaveValue('');
  expect((await muster.written(reference)).filter((text) => text === 'Written once')).toHaveLength(1);
});
