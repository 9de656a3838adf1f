/** The page of stories: each component in each state, light and dark. In development at `/__ui`; the console does not contain it. */
import './alone';
import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import '@fontsource/noto-sans-math';
import '@fontsource/noto-sans-symbols';
import '@fontsource/noto-sans-symbols-2';
import { mount } from 'svelte';
import '../app.css';
import './stories.css';
import { connection } from '$lib/api/connection.svelte';
import { me } from '$lib/api/viewer.svelte';
import Stories from './Stories.svelte';
import { ADA } from './samples';

// Whoever looks at stories may do everything, without a server.
Object.defineProperties(me, { can: { value: () => true }, isKnown: { value: true }, person: { value: ADA } });
// Nor is the connection lost but where a story says so, however long one looks.
connection.closed = () => {};

const asked = new URLSearchParams(location.search);
mount(Stories, {
  target: document.getElementById('stories')!,
  props: { group: asked.get('group'), only: asked.get('only'), theme: asked.get('theme') },
});
