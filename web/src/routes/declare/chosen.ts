/** A site or client that was chosen. */
export interface Chosen {
  id: string;
  label: string;
  hint?: string | undefined;
  /** Whose site it is. */
  client?: { id: string; name: string } | null | undefined;
  /** What to bear in mind there. */
  notes?: string[] | undefined;
}
