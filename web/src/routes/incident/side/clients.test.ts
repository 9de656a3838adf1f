import { expect, test } from 'vitest';
import { recipientsOf } from './clients';
import { pressing } from './deliveries';

test('all clients are sent as all, so that tickets of no known client hear too', () => {
  expect(recipientsOf(['a', 'b'], ['a', 'b'])).toBeNull();
  expect(recipientsOf(['b', 'gone'], ['a', 'b'])).toEqual(['b']);
});

test('reminders that did not arrive press nobody', () => {
  const row = (id: string, operation: string, createdAt: string) => ({
    id,
    operation,
    createdAt,
    title: '',
    state: 'FAILED',
    system: 'email',
    attempts: 1,
    lastError: null,
    instructions: null,
  });
  const rows = pressing(
    [row('late', 'notice', '2026-11-29T10:00:00Z'), row('mail', 'remind', '2026-11-29T09:00:00Z')],
    [row('early', 'page', '2026-11-29T08:00:00Z')],
  );
  expect(rows.map((one) => one.id)).toEqual(['early', 'late']);
});
