import type { Transport } from "./transport.ts";

/**
 * Headers that belong to the HTTP connection or the API and can't be set by the
 * caller.
 */
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
 * A transport that adds headers to every request and upgrade. A header that the
 * request already has is kept.
 *
 * @param headers Called before each request.
 */
export function withHeaders(
  transport: Transport,
  headers: () => Promise<HeaderPairs>,
): Transport {
  const { endpoint, upgrade, dial } = transport;
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
    // A connection has no headers of its own.
    ...(dial === undefined
      ? {}
      : { dial: (signal) => dial.call(transport, signal) }),
    close: () => transport.close(),
  };
}

/** The header with the space around its value removed. */
function checked(
  [name, value]: HeaderPairs[number],
): [name: string, value: string] {
  try {
    return [name, new Headers([[name, value]]).get(name)!];
  } catch {
    // The original error is not kept as cause: its message may show the value.
    throw new TypeError(
      `Cannot send the header ${
        JSON.stringify(name)
      } of docker's configuration: its name or its value holds a forbidden character`,
    );
  }
}
