/** Goes to a part of the page; for a link to it too, which the router would follow to the top of the page. */
export function toSection(key: string, click?: MouseEvent): void {
  click?.preventDefault();
  const title = document.getElementById(key);
  title?.scrollIntoView({ block: 'start' });
  title?.focus({ preventScroll: true });
}

export const ownTextId = (key: string, version: 'ABRIDGED' | 'CLIENT') => `${key}-own-${version}`;

/** Goes to what a version has in place of a section's text, opening all that it is folded into. */
export function toOwnText(key: string, version: 'ABRIDGED' | 'CLIENT'): void {
  const own = document.getElementById(ownTextId(key, version));
  for (let box = own?.closest('details'); box; box = box.parentElement?.closest('details')) box.open = true;
  own?.scrollIntoView({ block: 'center' });
  own?.querySelector('textarea')?.focus({ preventScroll: true });
}
