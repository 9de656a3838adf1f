/** Keyboard shortcuts. A component registers its own while it is on the page; `?` shows what there is. */

import { untrack } from 'svelte';

export interface Shortcut {
  /** As in `KeyboardEvent.key`, with `ctrl+` in front where it needs Ctrl or Cmd. */
  key: string;
  /** What it does, in words. */
  does: string;
  run: () => void;
}

let present = $state.raw<Shortcut[]>([]);

export const keys = {
  get all(): Shortcut[] {
    return present;
  },
};

/** Offers shortcuts as long as the component lives; later ones come first. */
export function shortcuts(list: () => Shortcut[]): void {
  $effect(() => {
    const mine = list();
    present = [...mine, ...untrack(() => present)];
    return () => (present = present.filter((shortcut) => !mine.includes(shortcut)));
  });
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** For the window's `keydown`. While somebody types, or a dialog is open, only those with Ctrl count. */
export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const withCtrl = event.ctrlKey || event.metaKey;
  // What is inside a shadow, such as the editor's, hides behind its host.
  if (!withCtrl && (isTyping(event.composedPath()[0] ?? null) || document.querySelector('dialog[open]'))) return;
  const key = (withCtrl ? 'ctrl+' : '') + event.key;
  const found = present.find((shortcut) => shortcut.key === key);
  if (!found) return;
  event.preventDefault();
  found.run();
}
