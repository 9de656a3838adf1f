/** What just happened, said to screen readers and shown for a moment. */

let said = $state<{ id: number; words: string } | undefined>();
let timer: ReturnType<typeof setTimeout> | undefined;
let count = 0;

export const announced = {
  get now() {
    return said;
  },
};

export function announce(words: string): void {
  clearTimeout(timer);
  said = { id: ++count, words };
  timer = setTimeout(() => (said = undefined), 4_000);
}
