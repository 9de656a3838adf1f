/** What somebody types, once they pause: every key would be a question to the server. */
export function settled(text: () => string, pause: number): { readonly text: string } {
  let present = $state('');
  $effect(() => {
    const typed = text();
    const timer = setTimeout(() => (present = typed), pause);
    return () => clearTimeout(timer);
  });
  return {
    get text() {
      return present;
    },
  };
}
