import { type BuildInputs, tokenServerFor } from "../inputs.ts";
import { nodeCaches } from "./caches.ts";
import type { BuildNode } from "./plan.ts";

/**
 * What a build may use of this machine, for one of its nodes: caches of its own,
 * and logins as a build by this node alone would give them.
 *
 * @param over Aborts when the node's part of the build is over.
 */
export function nodeInputs(
  inputs: BuildInputs,
  { name, host }: BuildNode,
  over: AbortSignal,
): BuildInputs {
  return {
    ...inputs,
    caches: nodeCaches(inputs.caches, name),
    // An identity token for the `localhost` of a node elsewhere must not go to a
    // registry on this machine.
    tokenServer: tokenServerFor(host, over),
  };
}
