/** Something to choose by typing. */
export interface Option {
  id: string;
  label: string;
  /** What tells it from others of that name. */
  hint?: string | undefined;
}
