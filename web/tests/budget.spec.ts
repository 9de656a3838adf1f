/** What the first page costs before anything shows. */
import { expect, test } from './muster';

test('the first load is at most 150 kB of compressed JavaScript', async ({ muster, signIn }) => {
  const page = await signIn(muster.adminLink());
  let bytes = 0;
  page.on('response', async (response) => {
    if (response.url().endsWith('.js')) bytes += Number(response.headers()['content-length']);
  });
  await page.reload({ waitUntil: 'networkidle' });
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(150_000);
});
