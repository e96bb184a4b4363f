import { connectEngine, socketPathOf } from "../engines/engine_api.ts";
import { assert } from "./assert.ts";

/**
 * Ids of what the builder's cache has of a step. Others build on this engine,
 * too: what is pruned in a test is named by its id.
 *
 * @param host The engine's address.
 * @param word What no other step has in its command.
 */
export async function cacheIdsOf(
  host: string,
  word: string,
): Promise<string[]> {
  using api = connectEngine(socketPathOf(host));
  const response = await api.request("/system/df");
  assert(response.ok, `${response.status}`);
  const { BuildCache } = await response.json() as {
    BuildCache: { ID: string; Description: string }[] | null;
  };
  return (BuildCache ?? []).filter(({ Description }) =>
    Description.includes(word)
  ).map(({ ID }) => ID);
}
