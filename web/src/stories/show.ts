/** What a story learns from the page around it. */
import { createContext } from 'svelte';

interface Show {
  group: string;
  /** The name of the one story to show without anything around it, or null for all. */
  only: string | null;
}

export const [theShow, setShow] = createContext<Show>();
