/** What did not get where it should. */

export interface Undelivered {
  id: string;
  title: string;
  state: string;
  system: string;
  operation: string;
  attempts: number;
  lastError: string | null;
  instructions: string | null;
  createdAt: string;
}

/** What a person should look at, oldest first. Reminders are on the steps already, so nobody has to carry them by hand. */
export function pressing(failed: readonly Undelivered[], byHand: readonly Undelivered[]): Undelivered[] {
  return [...failed, ...byHand]
    .filter((delivery) => delivery.operation !== 'remind')
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}
