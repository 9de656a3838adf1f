/** The time, by the server's clock: the computer's own may be wrong. */

/** Smaller differences are the network's. */
const NOTICEABLE = 5_000;
let ahead = 0;
let now = $state(Date.now());

function tick(): void {
  now = Date.now() - ahead;
}
setInterval(tick, 1_000);

/** Takes in what the server's `Date` header says. */
export function serverSaid(date: string | null): void {
  const told = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(told)) return;
  const difference = Date.now() - told;
  ahead = Math.abs(difference) > NOTICEABLE ? difference : 0;
  tick();
}

export const clock = {
  /** Milliseconds since 1970, moving on every second: what reads it is drawn anew. */
  get now(): number {
    return now;
  },
};
