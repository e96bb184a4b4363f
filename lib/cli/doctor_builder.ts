// What `davit doctor` says of the builder that builds in the place of the engine.

import type { DockerClient } from "../client/docker_client.ts";
import type { Builder } from "../builder/builder.ts";
import { type NodeState, nodeState } from "../builder/buildx_nodes.ts";
import type { ChosenBuilder } from "./builders.ts";
import type { ParsedWords } from "./flag.ts";
import { openBuilderFor } from "./open_builder.ts";

/** How long the nodes may take to answer, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** A check, and what it has found. */
export type Check = () => Promise<readonly [line: string]>;

/** A check of each node, and a build with all. */
export function builderChecks(
  chosen: ChosenBuilder,
  parsed: ParsedWords,
  build: (
    builder: Builder | DockerClient,
    what: string,
  ) => Promise<readonly [line: string]>,
  signal: AbortSignal,
): readonly Check[] {
  const { builder, builders } = chosen;
  const nodes = builder.nodes.map((node): Check => async () => {
    const { host } = await builders.engine();
    return [
      describe(
        await nodeState(builder, node, {
          host,
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        }),
      ),
    ];
  });
  return [
    ...nodes,
    async () => {
      await using opened = await openBuilderFor(chosen, parsed, signal);
      return await build(opened, `builder ${builder.name}`);
    },
  ];
}

/**
 * What a node is doing, in a line.
 *
 * @throws {Error} If it does not run, or does not tell.
 */
function describe(
  { node, error, status, version = "of no known version", workers }: NodeState,
): string {
  const what = `node ${node.name} at ${node.endpoint}`;
  if (error !== undefined) throw new Error(`${what}: ${error.message}`);
  if (status !== "running") throw new Error(`${what} is ${status}`);
  const platforms = workers.flatMap(({ platforms }) => platforms);
  return `${what}: BuildKit ${version} for ${platforms.join(", ")}`;
}
