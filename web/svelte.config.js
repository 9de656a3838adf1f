import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** bits-ui writes one style into its markup, which the page's CSP refuses; set by script, it is taken. */
const stylesByScript = {
  name: 'styles-by-script',
  markup: ({ content, filename }) =>
    filename?.includes('/bits-ui/')
      ? { code: content.replaceAll('style="display: contents;"', 'style:display="contents"') }
      : undefined,
};

export default { preprocess: [vitePreprocess(), stylesByScript], compilerOptions: { runes: true } };
