import type { Option } from '$lib/ui/option';

/** Who can be chosen to lead a review: the candidates with `text` in their names, then all others that were found by it. */
export function facilitators(candidates: readonly Option[], found: readonly Option[], text: string): Option[] {
  const typed = text.trim().toLowerCase();
  const first = candidates.filter(({ label }) => label.toLowerCase().includes(typed));
  return [...first, ...found.filter(({ id }) => !candidates.some((candidate) => candidate.id === id))];
}
