import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { compression, defineAlgorithm } from 'vite-plugin-compression2';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));
/** A server to develop against: `muster serve --demo`, and sign in there first. */
const server = process.env.MUSTER_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // The program serves what is built here under this path, and `index.html` at every page's address.
  base: '/console/',
  plugins: [
    svelte(),
    // Compressed once, here, and embedded: the program only picks.
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
});
