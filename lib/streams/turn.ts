const NOTHING = new Uint8Array(0);

/**
 * Pauses work that would otherwise block the event loop: sockets are read and
 * timers run before it resolves.
 *
 * It takes about 20 µs, whereas a timer of 0 ms takes 2 ms. A message or an
 * immediate would not help: Deno 2.9 continues after them without looking at
 * its sockets. It looks at them while it waits for another thread, and this
 * digest is the smallest piece of work that another thread does.
 */
export async function turn(): Promise<void> {
  await crypto.subtle.digest("SHA-1", NOTHING);
}
