/** People to choose from, by part of a name. */
import type { Option } from '$lib/ui/option';
import { t } from '$text';
import { graphql } from './graphql';
import { query } from './live.svelte';

const PEOPLE = graphql(`
  query PickPeople($text: String) {
    people(text: $text, kind: HUMAN, first: 50) {
      nodes {
        id
        name
        accessLevel
        deactivatedAt
      }
    }
  }
`);

/** `text` may be null for "not now". */
export function findPeople(text: () => string | null): { readonly options: Option[] } {
  const people = query(PEOPLE, () => {
    const typed = text();
    return typed === null ? null : { text: typed || null };
  });
  const options = $derived(
    (people.data?.people.nodes ?? [])
      .filter((person) => person.deactivatedAt === null)
      .map((person) => ({ id: person.id, label: person.name, hint: t.access[person.accessLevel] })),
  );
  return {
    get options() {
      return options;
    },
  };
}
