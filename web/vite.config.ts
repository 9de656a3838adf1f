import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { compression, defineAlgorithm } from 'vite-plugin-compression2';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));
/** A server to develop against: `muster serve --demo`, and sign in there first. */
const server = process.env.MUSTER_URL ?? 'http://127.0.0.1:8080';

/** In development, `/__ui` shows the components in all their states: `src/stories`. Nothing that is built knows of it. */
const stories: Plugin = {
  name: 'stories',
  apply: 'serve',
  configureServer({ middlewares }) {
    middlewares.use((request, _, next) => {
      request.url = request.url?.replace(/^\/__ui\/?(?=$|\?)/, '/src/stories/index.html');
      next();
    });
  },
};

export default defineConfig(({ command, mode }) => ({
  // The program serves what is built here under this path, and `index.html` at every page's address.
  base: command === 'build' ? '/console/' : '/',
  plugins: [
    svelte(),
    stories,
    // Compressed once, here, and embedded: the program only picks.
    mode === 'production' &&
      compression({ algorithms: [defineAlgorithm('brotliCompress'), 'gzip'], threshold: 1024, exclude: [/\.html$/] }),
  ],
  resolve: { alias: { $lib: source('lib'), $text: source('text/index.ts'), $routes: source('router.ts') } },
  build: {
    outDir: 'dist/console',
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ['/graphql', '/files', '/sign-in', '/sign-out', '/passkeys', '/assets'].map((path) => [path, { target: server, ws: true }]),
    ),
  },
  test: { include: ['src/**/*.test.ts'] },
}));
