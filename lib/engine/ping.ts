import type { Engine } from "./engine.ts";
import { type Ping, readPing } from "./ping_headers.ts";

/**
 * `GET /_ping`: checks that an engine answers, and reads what it reports about
 * itself.
 *
 * @throws {ConnectionError} If there is no engine.
 */
export async function ping(
  engine: Engine,
  signal?: AbortSignal,
): Promise<Ping> {
  await engine.facts(signal);
  const response = await engine.send("/_ping", { path: "/_ping", signal });
  await response.body?.cancel();
  return readPing(response.headers) ?? await engine.facts(signal);
}
