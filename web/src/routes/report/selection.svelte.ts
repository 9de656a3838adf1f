/** What is selected in a text, by mouse, finger or keyboard; kept until something else is, or what it was in is gone. */

export function selectionIn(where: () => HTMLElement | undefined): { readonly text: string; forget: () => void } {
  let text = $state('');

  $effect(() => {
    const root = where();
    text = '';
    if (!root) return;
    const changed = () => {
      if (root instanceof HTMLTextAreaElement) {
        if (document.activeElement === root) text = root.value.slice(root.selectionStart, root.selectionEnd).trim();
        return;
      }
      const selection = getSelection();
      const isHere = selection !== null && selection.anchorNode !== null && root.contains(selection.anchorNode);
      // A selection that ends outside is about more than this section.
      text = isHere && root.contains(selection.focusNode) ? selection.toString().trim() : '';
    };
    document.addEventListener('selectionchange', changed);
    return () => document.removeEventListener('selectionchange', changed);
  });

  return {
    get text() {
      return text;
    },
    forget: () => (text = ''),
  };
}
