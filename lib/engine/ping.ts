import type { Engine } from "./engine.ts";
import { type Ping, readPing } from "./ping_headers.ts";

/**
 * `GET /_ping`: checks that an engine answers, and reads what it reports about
 * itself. Where the engine was not asked anything yet, the ping that finds out
 * its version is the only one.
 *
 * @throws {ConnectionError} If there is no engine.
 */
export async function ping(
  engine: Engine,
  signal?: AbortSignal,
): Promise<Ping> {
  const { isMet } = engine;
  const { negotiated: _, ...first } = await engine.facts(signal);
  if (!isMet) return first;
  const response = await engine.send("/_ping", { path: "/_ping", signal });
  await response.body?.cancel();
  return readPing(response.headers) ?? first;
}
