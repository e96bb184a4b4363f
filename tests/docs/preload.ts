/**
 * Loaded before each program of a page: hosts that exist in pages only
 * (`*.example`) answer with a value for whoever asks.
 */
const { fetch } = globalThis;

globalThis.fetch = (input, init) => {
  const { hostname, pathname } = new URL(
    input instanceof Request ? input.url : input,
  );
  return hostname.endsWith(".example")
    ? Promise.resolve(new Response(`the value of ${pathname}`))
    : fetch(input, init);
};
