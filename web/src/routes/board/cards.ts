/** Moves the focus to the next card, or the one before; from elsewhere to the first or last. */
export function moveAmongCards(by: 1 | -1): void {
  const cards = [...document.querySelectorAll<HTMLElement>('[data-card]')];
  const present = cards.findIndex((card) => card === document.activeElement);
  const next = present === -1 ? (by === 1 ? 0 : cards.length - 1) : present + by;
  const card = cards[Math.min(Math.max(next, 0), cards.length - 1)];
  card?.focus();
  card?.closest('li')?.scrollIntoView({ block: 'nearest' });
}
