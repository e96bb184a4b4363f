import type { Transport } from "./transport.ts";

/** What a request is made of, and who sends it: nobody else's to set. */
const OWN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

/** Headers by name, in the order in which they are sent. */
type HeaderPairs = readonly (readonly [name: string, value: string])[];

/**
 * A transport that adds headers to every request and upgrade; those that a
 * request has of its own count before them.
 *
 * @param headers Asked before each request.
 */
export function withHeaders(
  transport: Transport,
  headers: () => Promise<HeaderPairs>,
): Transport {
  const { endpoint, upgrade } = transport;
  const added = async (): Promise<HeaderPairs> =>
    (await headers()).map(checked)
      .filter(([name]) => !OWN.has(name.toLowerCase()));
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    async fetch(path, init = {}) {
      const own = new Headers(init.headers);
      for (const [name, value] of await added()) {
        if (!own.has(name)) own.set(name, value);
      }
      return await transport.fetch(path, { ...init, headers: own });
    },
    ...(upgrade === undefined ? {} : {
      async upgrade(path, init) {
        const own = new Set(init.headers.map(([name]) => name.toLowerCase()));
        const more = (await added())
          .filter(([name]) => !own.has(name.toLowerCase()));
        return await upgrade.call(transport, path, {
          ...init,
          headers: [...init.headers, ...more],
        });
      },
    }),
    close: () => transport.close(),
  };
}

/** A header without space round its value. */
function checked(
  [name, value]: HeaderPairs[number],
): [name: string, value: string] {
  try {
    return [name, new Headers([[name, value]]).get(name)!];
  } catch {
    // No cause: its message may show the value.
    throw new TypeError(
      `Cannot send the header ${
        JSON.stringify(name)
      } of docker's configuration: its name or its value holds a forbidden character`,
    );
  }
}
