import { type NodeState, nodeState } from "../builder/buildx_nodes.ts";
import type { BuildxBuilders, ListedBuilder } from "../buildx/builders.ts";
import type { Platform } from "../platforms/platform.ts";

/** How long the nodes may take to answer together, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** What is shown of a node. */
export interface ShownNode extends NodeState {
  /** The platforms of its pod, in the place of those that its workers tell. */
  readonly platforms?: readonly Platform[];
}

/** A builder, and what its nodes are doing. */
export interface ShownBuilder {
  readonly builder: ListedBuilder;
  readonly states: readonly ShownNode[];
  /** Whether it is the chosen one. */
  readonly isCurrent: boolean;
}

/** Asks what a builder's nodes are doing. */
export async function showBuilder(
  builders: BuildxBuilders,
  builder: ListedBuilder,
  current: string | undefined,
  signal: AbortSignal,
): Promise<ShownBuilder> {
  const { host } = await builders.engine();
  const options = {
    host,
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  };
  const states = await Promise.all(
    builder.nodes.map((node) => nodeState(builder, node, options)),
  );
  signal.throwIfAborted();
  return withPods({ builder, states, isCurrent: builder.name === current });
}

/**
 * Shows each pod of a builder in a cluster, under the name of its node: so buildx
 * does where all nodes have pods that run.
 */
export function withPods(shown: ShownBuilder): ShownBuilder {
  const { builder, states } = shown;
  if (!states.every(({ pods = [] }) => pods.length > 0)) return shown;
  return {
    ...shown,
    builder: { ...builder, dynamic: true },
    states: states.flatMap((state) =>
      state.pods!.map(({ platforms }) =>
        platforms.length === 0 ? state : { ...state, platforms }
      )
    ),
  };
}
