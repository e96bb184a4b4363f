// Whose builds and whose cache a command is about.

import type { BuildClient } from "../client/build_client.ts";
import { DockerClient } from "../client/docker_client.ts";
import { findRecord } from "../history/find.ts";
import type { BuildHistory } from "../history/history.ts";
import type { BuildHistoryRecord } from "../history/record.ts";
import { buildBuilder } from "./build_builder.ts";
import type { ParsedWords } from "./flag.ts";
import { openBuilderFor } from "./open_builder.ts";
import { builderName } from "./solve_metadata.ts";

/** An engine, or a node of a builder, that remembers builds. */
export interface MemoryNode {
  /** Tells what it remembers. */
  readonly client: BuildClient;
  /** How buildx names it: `builder/node`. */
  readonly name: string;
}

/** All that a command is about. */
export interface OpenedMemory extends AsyncDisposable {
  /** One, or the nodes of a builder of several. */
  readonly nodes: readonly MemoryNode[];
}

/** A build, and where it is remembered. */
export interface RememberedBuild {
  readonly history: BuildHistory;
  /** As buildx names the node. */
  readonly node: string;
  /** The build's id, or what was given for it. */
  readonly ref: string | undefined;
}

/**
 * Opens the engine of the flags, or the builder that was chosen by `--builder`, by
 * BUILDX_BUILDER or in buildx's files.
 *
 * @throws {BuilderError} If the builder is not there.
 */
export async function openMemory(
  parsed: ParsedWords,
  signal: AbortSignal,
): Promise<OpenedMemory> {
  const chosen = await buildBuilder(parsed);
  const client = await openBuilderFor(chosen, parsed, signal);
  const builder = chosen?.builder.name ?? await builderName(parsed);
  const close = () => client.close();
  if (client instanceof DockerClient || client.nodes.size === 0) {
    const node = client instanceof DockerClient
      ? builder
      : chosen!.builder.nodes[0]!.name;
    const nodes = [{ client, name: `${builder}/${node}` }];
    return { nodes, [Symbol.asyncDispose]: close };
  }
  const nodes = [...client.nodes].map(([node, client]) => ({
    client,
    name: `${builder}/${node}`,
  }));
  return { nodes, [Symbol.asyncDispose]: close };
}

/**
 * Finds the node that remembers a build. With several nodes, all are asked for
 * their lists.
 *
 * @param ref What the user has said of the build.
 * @param ended Whether it has to have ended.
 * @throws {BuildHistoryError} If none remembers it.
 */
export async function findBuild(
  { nodes }: OpenedMemory,
  ref: string | undefined,
  { ended = false, signal }: {
    readonly ended?: boolean;
    readonly signal: AbortSignal;
  },
): Promise<RememberedBuild> {
  const [first] = nodes;
  if (nodes.length === 1) {
    const { client, name } = first!;
    return { history: client.buildHistory(), node: name, ref };
  }
  const filters = ended ? ["status!=running"] : [];
  const records = await listAll(nodes, { filters, signal });
  const { node: { client, name }, record } = findRecord(
    records.map((one) => ({ ...one, ref: one.record.ref })),
    ref,
  );
  return { history: client.buildHistory(), node: name, ref: record.ref };
}

/** A record, and the node that has it. */
export interface NodeRecord {
  readonly record: BuildHistoryRecord;
  readonly node: MemoryNode;
}

/** The records of all nodes, the newest first. */
export async function listAll(
  nodes: readonly MemoryNode[],
  options: {
    readonly filters: readonly string[];
    readonly limit?: number;
    readonly signal: AbortSignal;
  },
): Promise<NodeRecord[]> {
  const lists = await Promise.all(
    nodes.map(async (node) =>
      (await node.client.buildHistory().list(options))
        .map((record) => ({ record, node }))
    ),
  );
  return lists.flat().sort(({ record: a }, { record: b }) =>
    Date.parse(b.createdAt) - Date.parse(a.createdAt)
  );
}
