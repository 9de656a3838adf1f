/** Stories need no server, so nothing connects to one. Imported before what would. */
Object.assign(window, {
  WebSocket: class {
    close() {}
  },
});
