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
      text = selectedIn(root);
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

function selectedIn(root: HTMLElement): string {
  const selection = getSelection();
  if (!selection || selection.rangeCount === 0) return '';
  const range = selection.getRangeAt(0);
  if (!root.contains(range.startContainer)) return '';
  // What a triple click selects ends before the first word of whatever follows; a selection with words from there is about more.
  const beyond = document.createRange();
  beyond.setStartAfter(root);
  if (beyond.comparePoint(range.endContainer, range.endOffset) > 0) {
    beyond.setEnd(range.endContainer, range.endOffset);
    if (beyond.toString().trim() !== '') return '';
  }
  return selection.toString().trim();
}
