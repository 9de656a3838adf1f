/** What just happened, said to screen readers and, if the page does not show it anyway, shown for a moment. */

let said = $state<{ id: number; words: string; isShown: boolean } | undefined>();
let timer: ReturnType<typeof setTimeout> | undefined;
let count = 0;

export const announced = {
  get now() {
    return said;
  },
};

export function announce(words: string, { isShown = true } = {}): void {
  clearTimeout(timer);
  said = { id: ++count, words, isShown };
  timer = setTimeout(() => (said = undefined), 4_000);
}
