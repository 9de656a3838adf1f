/** Goes to a section; for a link to it too, which the router would follow to the top of the page. */
export function toSection(key: string, click?: MouseEvent): void {
  click?.preventDefault();
  const title = document.getElementById(key);
  title?.scrollIntoView({ block: 'start' });
  title?.focus({ preventScroll: true });
}
