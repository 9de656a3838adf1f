/** A review from its plan to its outcome: whoever has no name in the comments has none anywhere, and nobody has one in the presentation. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test, type Muster } from './muster';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const UNNAMED = 'I did not dare to ask.';

async function resolve(muster: Muster, id: string): Promise<void> {
  await muster.meetGoals(id);
  await muster.ask('mutation($input: ResolveIncidentInput!) { resolveIncident(input: $input) { incident { id } } }', {
    input: { incidentId: id, summary: 'Logs filled the disk. They are rotated now.' },
  });
}

async function isForEverybody(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
}

async function pick(page: Page, label: string, name: string) {
  await page.getByLabel(label).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(name);
  await page.getByRole('option', { name: new RegExp(name) }).click({ timeout: 15_000 });
}

/** From the incident's page, as people come to it. */
async function open(page: Page) {
  await page.goto('/incidents/INC-1?tab=more');
  await page.getByRole('link', { name: 'Open the review' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Review of INC-1' })).toBeVisible();
}

const region = (page: Page, name: string) => page.getByRole('region', { name });

test('a review is planned, answered, held and written down', async ({ muster, signIn }) => {
  test.setTimeout(240_000);
  const sam = await signIn(muster.add('Sam', 'responder'));
  const kim = await signIn(muster.add('Kim', 'responder'), PHONE);
  const ada = await signIn(muster.add('Ada', 'viewer'));
  const { id } = await muster.declare('The shop is down');
  await sam.goto('/incidents/INC-1');
  await sam.getByRole('button', { name: "I'll do it" }).first().click();
  await expect(sam.getByText('Assigned')).toBeVisible();
  const decision = { incidentId: id, kind: 'DECISION', text: 'Sam restarts the proxy before the logs are saved' };
  await muster.ask('mutation($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id } } }', {
    input: decision,
  });
  await resolve(muster, id);

  // The step leads to the plan. That Sam leads it breaks a rule, and that nobody senior comes another.
  await sam.getByRole('link', { name: 'Plan the review' }).first().click();
  await expect(sam.getByRole('heading', { level: 1, name: 'Review of INC-1' })).toBeVisible();
  await pick(sam, 'Who leads it', 'Sam');
  await expect(sam.getByText(/^Sam leads the review and was incident lead/)).toBeVisible();
  await expect(sam.getByText('somebody senior who had no part in it should be there').last()).toBeVisible();
  await pick(sam, 'Who leads it', 'Kim');
  await expect(sam.getByText(/^Sam leads the review and/)).toHaveCount(0);
  await pick(sam, 'Who takes the notes', 'Sam');
  await sam.getByLabel('Where').fill('https://meet.example.org/shop');
  await sam.getByRole('radio').nth(1).check();
  await isForEverybody(sam);
  // What was typed outlives a refusal: without a reason the browser itself stops it.
  await sam.getByRole('button', { name: 'Plan it and invite them' }).click();
  await expect(sam.getByLabel('Why it is planned like this all the same')).toBeFocused();
  await sam.getByLabel('Why it is planned like this all the same').fill('Nobody senior was left.');
  await sam.getByRole('button', { name: 'Plan it and invite them' }).click();
  await expect(sam.getByText('Planned like this because: Nobody senior was left.')).toBeVisible();
  await expect(sam.getByRole('link', { name: 'https://meet.example.org/shop' })).toBeVisible();

  // Who is invited answers; who is not is not asked.
  await open(kim);
  await expect(kim.getByText('You are invited as somebody who leads the review.')).toBeVisible();
  await kim.getByRole('button', { name: 'Maybe', exact: true }).click();
  await expect(kim.getByRole('button', { name: 'Maybe', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(region(sam, 'Who is invited').getByRole('listitem').filter({ hasText: 'Kim' })).toContainText('may come');
  await open(ada);
  await expect(ada.getByText('You are invited')).toHaveCount(0);
  await expect(ada.getByRole('button', { name: 'Begin the review' })).toHaveCount(0);

  // Without a name: thanks, an empty field, and nothing else anywhere.
  const said = ada.getByLabel('What you want to say');
  await ada.getByRole('radio', { name: 'Without my name' }).check();
  await expect(ada.getByText('An administrator who watches the database')).toBeVisible();
  await said.fill(UNNAMED);
  expect(await ada.evaluate(() => JSON.stringify(localStorage))).not.toContain(UNNAMED);
  await ada.getByRole('button', { name: 'Say it' }).click();
  await expect(ada.getByText('Thank you.')).toBeVisible();
  await expect(said).toHaveValue('');
  await ada.getByRole('radio', { name: 'With my name' }).check();
  await said.fill('The shop was slow the day before.');
  await ada.getByRole('button', { name: 'Say it' }).click();
  await expect(region(kim, 'Said outside the meeting')).toContainText('The shop was slow the day before.');
  await expect(region(kim, 'Said outside the meeting')).not.toContainText(UNNAMED);
  expect(await muster.written('INC-1')).not.toContain(UNNAMED);

  // Kim begins: with that it appears. The presentation names nobody.
  await kim.getByRole('button', { name: 'Begin the review' }).click();
  const slide = region(kim, 'Presentation');
  await expect(slide.getByRole('heading', { name: 'To begin with' })).toBeVisible();
  await expect(kim.getByRole('timer')).toContainText(/so far,.* left/);
  await isForEverybody(kim);
  await kim.keyboard.press('ArrowRight');
  await expect(slide).toContainText(UNNAMED);
  await expect(slide).toContainText('The shop was slow the day before.');
  await expect(slide).not.toContainText('Ada');
  await kim.keyboard.press('ArrowRight');
  await expect(slide.getByRole('heading', { name: 'Questions' })).toBeAttached();
  await expect(slide).toContainText('restarts the proxy');
  await expect(slide).not.toContainText('Sam');
  await expect(kim).toHaveURL(/view=present.*at=3/);
  const isWider = () => kim.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(await isWider()).toBe(false);

  // A moment is left out, and put back.
  const places = kim.getByRole('navigation', { name: 'Through the review' }).getByText(/^3 of \d+$/);
  const before = await places.textContent();
  await slide.getByRole('button', { name: 'Leave it out' }).click();
  await expect(places).not.toHaveText(before ?? '');
  await kim.getByRole('button', { name: 'Put it back' }).click();
  await expect(places).toHaveText(before ?? '');

  // While Kim types, arrows are the text's.
  await kim.getByLabel('Topic to park').fill('How we rotate logs everywhere');
  await kim.keyboard.press('ArrowLeft');
  await kim.getByLabel('Where it goes').fill('Platform round');
  await kim.getByRole('button', { name: 'Park this' }).click();
  await expect(region(kim, 'Parked for elsewhere')).toContainText('How we rotate logs everywhere');
  await expect(kim.getByLabel('Topic to park')).toHaveValue('');
  await expect(places).toBeVisible();
  await kim.getByRole('button', { name: 'Back to the review' }).click();

  // Sam writes down what came of it; a reload in between loses nothing.
  await expect(sam.getByText('Under way')).toBeVisible();
  await sam.getByLabel('Notes').fill('The disk had **no alarm**.');
  await open(sam);
  await expect(sam.getByLabel('Notes')).toHaveValue('The disk had **no alarm**.');
  const slides = { name: 'slides.txt', mimeType: 'text/plain', buffer: Buffer.from('one slide') };
  await region(sam, 'What came of it').locator('input[type="file"]').setInputFiles(slides);
  await expect(region(sam, 'What came of it').getByText('✓')).toBeVisible();
  await sam.getByLabel('Nothing needs to be followed up').check();
  const heldAt = sam.getByLabel('Held at');
  const began = await heldAt.inputValue();
  await heldAt.fill('2099-01-01T10:00:00');
  await sam.getByRole('button', { name: 'Write it down' }).click();
  await expect(sam.getByRole('alert')).toBeVisible();
  await expect(heldAt).toHaveAttribute('aria-invalid', 'true');
  await heldAt.fill(began);
  await sam.getByRole('button', { name: 'Write it down' }).click();
  await expect(region(kim, 'What came of it')).toContainText('The disk had no alarm.');
  await expect(region(kim, 'What came of it')).toContainText('Nothing needs to be followed up.');
  await expect(region(kim, 'What came of it').getByRole('link', { name: 'slides.txt' })).toBeVisible();
  await sam.getByRole('button', { name: 'Change what is written here' }).click();
  await expect(sam.getByRole('checkbox', { name: 'slides.txt' })).toBeChecked();
  await sam.getByRole('button', { name: 'Cancel' }).click();
  await expect(ada.getByText('Held', { exact: true }).first()).toBeVisible();
  await isForEverybody(sam);
});

test('of two who plan or write at once the second is shown what the first did, and keeps what was typed', async ({
  muster,
  signIn,
}) => {
  test.setTimeout(120_000);
  const sam = await signIn(muster.add('Sam', 'responder'));
  const kim = await signIn(muster.add('Kim', 'responder'));
  const { id } = await muster.declare('The shop is down');
  await resolve(muster, id);
  const plans = [
    { page: sam, leads: 'Kim', notes: 'Sam', place: 'Room 1' },
    { page: kim, leads: 'Sam', notes: 'Kim', place: 'Room 2' },
  ];
  for (const { page, leads, notes, place } of plans) {
    await page.goto('/incidents/INC-1/review');
    await pick(page, 'Who leads it', leads);
    await pick(page, 'Who takes the notes', notes);
    await page.getByLabel('Where').fill(place);
    await page.getByLabel('Why it is planned like this all the same').fill('Nobody senior was left.');
  }
  await sam.getByRole('button', { name: 'Plan it and invite them' }).click();
  await expect(sam.getByText('Room 1')).toBeVisible();
  await kim.getByRole('button', { name: 'Plan it and invite them' }).click();
  await expect(kim.getByRole('alert')).toContainText(/Sam set the plan of the review to .*Room 1 at/);
  await expect(kim.getByLabel('Where')).toHaveValue('Room 2');
  await kim.getByRole('button', { name: 'Use mine anyway' }).click();
  await expect(sam.getByText('Room 2')).toBeVisible();
  await expect(kim.getByRole('button', { name: 'Change the plan' })).toBeVisible();

  for (const page of [sam, kim]) await page.getByRole('button', { name: 'Write down what came of it' }).click();
  await sam.getByLabel('Notes').fill('We watch the disk.');
  await kim.getByLabel('Notes').fill('We learned much.');
  await sam.getByRole('button', { name: 'Write it down' }).click();
  await expect(region(sam, 'What came of it')).toContainText('We watch the disk.');
  // Kim's form stays where the review was held meanwhile, and over a reload.
  await expect(kim.getByText('Held', { exact: true }).first()).toBeVisible();
  await kim.reload();
  await expect(kim.getByLabel('Notes')).toHaveValue('We learned much.');
  await kim.getByRole('button', { name: 'Write it down' }).click();
  await expect(kim.getByRole('alert')).toContainText(/Sam set what came of the review to .*“We watch the disk.”/);
  await kim.getByRole('button', { name: 'Keep theirs' }).click();
  await expect(region(kim, 'What came of it')).toContainText('We watch the disk.');
  await expect(kim.getByLabel('Notes')).toHaveCount(0);
});

test('a review is called off, and planned again', async ({ muster, signIn }) => {
  const sam = await signIn(muster.add('Sam', 'responder'));
  muster.add('Kim', 'responder');
  await muster.declare('The shop is down', 'MINOR');
  const people = await muster.ask<{ people: { nodes: { id: string; name: string }[] } }>(
    '{ people(first: 50) { nodes { id name } } }',
  );
  const idOf = (name: string) => people.people.nodes.find((person) => person.name === name)!.id;
  const incident = await muster.ask<{ incident: { id: string } }>('{ incident(reference: "INC-1") { id } }');
  await muster.ask('mutation($input: ScheduleReviewInput!) { scheduleReview(input: $input) { review { id } } }', {
    input: {
      incidentId: incident.incident.id,
      startsAt: new Date(Date.now() + 10 * 86_400_000).toISOString(),
      facilitatorId: idOf('Kim'),
      noteTakerId: idOf('Sam'),
      overrideReason: 'It is a test.',
    },
  });
  await open(sam);
  await sam.getByRole('button', { name: 'Call it off' }).click();
  await sam.getByLabel('Why it does not take place').fill('Kim is ill.');
  await sam.getByRole('dialog').getByRole('button', { name: 'Call it off' }).click();
  await expect(sam.getByText('This review was called off. Plan it again here.')).toBeVisible();
  await expect(sam.getByLabel('Who leads it')).toHaveValue('Kim');
  await sam.getByLabel('Where').fill('Room 1');
  if (await sam.getByLabel('Why it is planned like this all the same').isVisible())
    await sam.getByLabel('Why it is planned like this all the same').fill('As before.');
  await sam.getByRole('button', { name: 'Plan it and invite them' }).click();
  await expect(sam.getByText('Room 1')).toBeVisible();
  await sam.getByRole('button', { name: 'Change the plan' }).click();
  await sam.getByLabel('How long').selectOption('120');
  await sam.getByRole('button', { name: 'Change it and tell them' }).click();
  await expect(sam.getByRole('button', { name: 'Change it and tell them' })).toHaveCount(0);
  const { incident: changed } = await muster.ask<{ incident: { review: { durationMinutes: number } } }>(
    '{ incident(reference: "INC-1") { review { durationMinutes } } }',
  );
  expect(changed.review.durationMinutes).toBe(120);
});
