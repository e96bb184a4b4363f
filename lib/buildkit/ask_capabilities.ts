import type { Capabilities } from "./capabilities.ts";
import type { Control } from "./control.ts";
import type { BuildkitHost } from "./host.ts";

/** What is known of each host. */
const known = new WeakMap<BuildkitHost, Capabilities>();

/**
 * Asks BuildKit what it can do, once for a host.
 *
 * `LLBBridge/Ping` is answered only within a build, so an empty one is begun,
 * which leaves nothing in BuildKit's history, and is given up after the
 * answer.
 *
 * @throws As {@linkcode Control.ping} and {@linkcode Control.solve} do.
 */
export async function capabilitiesOf(
  host: BuildkitHost,
  control: Control,
  signal: AbortSignal,
): Promise<Capabilities> {
  const before = known.get(host);
  if (before !== undefined) return before;
  const ref = crypto.randomUUID().replaceAll("-", "");
  const done = new AbortController();
  const build = control.solve(
    { ref, internal: true },
    { signal: AbortSignal.any([signal, done.signal]) },
  );
  try {
    // If the build fails at once, its error tells more than the ping's.
    const capabilities = await Promise.race([
      control.ping(ref, { signal }),
      build.then(() => control.ping(ref, { signal })),
    ]);
    known.set(host, capabilities);
    return capabilities;
  } finally {
    done.abort(); // its failure is the race's
  }
}
