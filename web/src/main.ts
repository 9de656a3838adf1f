import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { apply, theme } from '$lib/shell/theme';

apply(theme());
mount(App, { target: document.getElementById('app')! });
