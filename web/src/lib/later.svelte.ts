/** What a page does not need for its first screen: done, loaded and drawn once that is painted, so that it costs the first screen nothing. */

/** How long the browser may be busy with other things before it is done all the same. */
const PATIENCE = 2_000;
/** What could not be loaded is asked for again: the network may be away. */
const RETRY = 5_000;

/** Runs it once what is on the page now has been painted and nothing more urgent is to be done, unless the result is called before. */
export function whenPainted(run: () => void): () => void {
  let cancel: () => void;
  const frame = requestAnimationFrame(() => {
    if ('requestIdleCallback' in window) {
      const idle = requestIdleCallback(run, { timeout: PATIENCE });
      cancel = () => cancelIdleCallback(idle);
    } else {
      const timer = setTimeout(run);
      cancel = () => clearTimeout(timer);
    }
  });
  cancel = () => cancelAnimationFrame(frame);
  return () => cancel();
}

/** A part of the page, as soon as it is here: for a component, which loads it once it is painted itself. */
export function later<Part>(load: () => Promise<{ default: Part }>): { readonly part: Part | undefined } {
  let part = $state.raw<Part | undefined>();
  $effect(() => {
    let again: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    async function get() {
      try {
        const loaded = await load();
        if (!isOver) part = loaded.default;
      } catch {
        if (!isOver) again = setTimeout(() => void get(), RETRY);
      }
    }
    const cancel = whenPainted(() => void get());
    return () => {
      isOver = true;
      cancel();
      clearTimeout(again);
    };
  });
  return {
    get part() {
      return part;
    },
  };
}
