/** What is chosen on a page and lives in its address, so that it can be linked to and outlives a reload. */
import { searchParams } from 'sv-router';

/** `''` stands for what is not chosen. */
export function param(name: string) {
  return {
    get value(): string {
      return searchParams.toURLSearchParams().get(name) ?? '';
    },
    set value(value: string) {
      if (value === this.value) return;
      if (value === '') searchParams.delete(name, undefined, { replace: true });
      else searchParams.set(name, value, { replace: true });
    },
  };
}
