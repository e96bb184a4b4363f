import type { SolveWay, WayNeeds } from "../build_way.ts";
import { cannotBuildWith } from "../cannot_build_with.ts";
import { checkPlatforms } from "../checks/values.ts";
import type { BuildResult } from "../result.ts";
import { type BuildStart, runImageBuild } from "../run.ts";
import type { JoinOptions } from "./join.ts";
import { nodesWay } from "./nodes_way.ts";
import { type BuildNode, shareAmong } from "./plan.ts";

/**
 * Runs a build by those nodes that its platforms need: by one alone as on any
 * host, by several together.
 *
 * @param nodes The nodes; the host of the start is that of the first one.
 * @param options How the registry is reached in which images are joined.
 */
export async function runNodesBuild(
  start: BuildStart,
  nodes: readonly BuildNode[],
  options: JoinOptions,
): Promise<BuildResult> {
  let shares;
  try {
    shares = await shareAmong(nodes, await platformsOf(start), start.stop);
  } catch (error) {
    // The build ends as it would later, and gives back what it was given.
    return await runImageBuild({ ...start, way: failing(error) });
  }
  const { host } = shares[0]!.node;
  return await runImageBuild({
    ...start,
    host,
    ...(shares.length === 1 ? {} : { way: nodesWay(shares, options) }),
  });
}

/** The platforms that are asked for; none where they are wrong, which is told later. */
async function platformsOf(
  { options, settings }: BuildStart,
): Promise<readonly string[]> {
  const platform = Object(options).platform ?? (await settings?.())?.platform;
  if (platform === undefined) return [];
  try {
    return checkPlatforms(platform);
  } catch {
    return [];
  }
}

/** A way that leads nowhere. */
function failing(error: unknown): SolveWay {
  const fail = (): WayNeeds => {
    throw error;
  };
  return {
    refused: (why) => cannotBuildWith("several nodes", why),
    needs: fail,
    run: () => Promise.reject(error),
  };
}
