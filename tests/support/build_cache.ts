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
  // Of images nothing is asked: with containerd's store the answer is 404 while
  // one is being removed. Engines of the 20.10 line answer for all.
  const response = await api.request("/system/df?type=build-cache");
  assert(response.ok, `${response.status}`);
  const { BuildCache } = await response.json() as {
    BuildCache: { ID: string; Description: string }[] | null;
  };
  return (BuildCache ?? []).filter(({ Description }) =>
    Description.includes(word)
  ).map(({ ID }) => ID);
}
