// Which node builds for which platform.

import { openControl } from "../../buildkit/control.ts";
import { machineFor, runnablePlatforms } from "../../platforms/match.ts";
import { parsePlatform, type Platform } from "../../platforms/platform.ts";
import type { BuildHost } from "../host.ts";

/** One of the machines of a builder. */
export interface BuildNode {
  /** Its name, which stands before the names of its steps. */
  readonly name: string;
  /** What builds there. */
  readonly host: BuildHost;
  /** The platforms that it is for, as they were given; none for its own. */
  readonly platforms: readonly string[];
}

/** What one node builds of an image. */
export interface NodeShare {
  readonly node: BuildNode;
  /** The platforms, as they were asked for; none for the node's own. */
  readonly platforms: readonly string[];
}

/**
 * Shares the platforms of a build among nodes. A node that was given for a
 * platform takes it. If that leaves one over, the nodes are asked what they run:
 * a node whose own processor can run a platform goes before one that emulates
 * it, and of several the first. What no node runs goes to the first node, which
 * then says so.
 *
 * @param platforms The platforms that are asked for; none for those of the first
 * node.
 * @returns The nodes that have something to do, in the order of the platforms.
 * @throws {TypeError} If one of the platforms is none.
 * @throws {ConnectionError} If a node can't be reached, and no other one runs a
 * platform by itself.
 */
export async function shareAmong(
  nodes: readonly BuildNode[],
  platforms: readonly string[],
  signal: AbortSignal,
): Promise<NodeShare[]> {
  const [first] = nodes;
  if (nodes.length === 1 || platforms.length === 0) {
    return [{ node: first!, platforms }];
  }
  const wanted = platforms.map(parsePlatform);
  const given = nodes.map(({ platforms }) => platforms.map(parsePlatform));
  let places = wanted.map((platform) => machineFor(platform, given, true));
  if (places.includes(-1)) {
    const asked = await Promise.allSettled(
      nodes.map(({ host }) => workerPlatforms(host, signal)),
    );
    const workers = asked.map((answer) =>
      answer.status === "fulfilled" ? answer.value : []
    );
    const fault = asked.find((answer) => answer.status === "rejected");
    const own = workers.map(([first], i) => [
      ...given[i]!,
      ...(first === undefined ? [] : runnablePlatforms(first)),
    ]);
    const all = workers.map((platforms, i) => [...given[i]!, ...platforms]);
    places = wanted.map((platform) => {
      const place = machineFor(platform, own, false);
      // Perhaps the node that can't be reached would have run it.
      if (place === -1 && fault !== undefined) throw fault.reason;
      return place === -1 ? machineFor(platform, all, false) : place;
    });
  }
  const shares = new Map<number, string[]>();
  for (const [i, place] of places.entries()) {
    const at = Math.max(0, place);
    shares.set(at, [...shares.get(at) ?? [], platforms[i]!]);
  }
  return [...shares].map(([at, platforms]) => ({
    node: nodes[at]!,
    platforms,
  }));
}

/** What the workers of a host run, their own platforms first. */
async function workerPlatforms(
  host: BuildHost,
  signal: AbortSignal,
): Promise<Platform[]> {
  await using control = await openControl(await host.buildkit(), { signal });
  const workers = await control.workers({ signal });
  return workers.flatMap(({ platforms }) => platforms.map(parsePlatform));
}
