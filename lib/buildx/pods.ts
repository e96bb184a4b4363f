// The driver `kubernetes`: buildx makes a deployment of pods, and davit reaches
// them by the user's own kubectl.

import { BuilderError } from "./builder_error.ts";
import type { BuildxNode } from "./instance.ts";

/** The label by which the pods of a node are found. */
const LABEL = "app";

/** A pod that runs buildkitd. */
export interface BuilderPod {
  readonly name: string;
  readonly namespace: string;
  /** The container with buildkitd. */
  readonly container: string;
}

/** The name of a node's deployment. */
export function deploymentName({ name }: Pick<BuildxNode, "name">): string {
  return name.replaceAll("_", "-");
}

/**
 * The pods of a node that run, in the order of their names.
 *
 * Needs the permission to run `kubectl`.
 *
 * @throws {BuilderError} With kubectl's words, if it fails.
 */
export async function runningPods(
  builder: string,
  node: BuildxNode,
  signal?: AbortSignal,
): Promise<BuilderPod[]> {
  const namespace = node.driverOpts?.namespace;
  const answer = await kubectl(builder, [
    "get",
    "pods",
    `--selector=${LABEL}=${deploymentName(node)}`,
    "--output=json",
    ...(namespace ? [`--namespace=${namespace}`] : []),
  ], signal);
  let items: unknown;
  try {
    items = JSON.parse(answer).items;
  } catch {
    // What it printed is no list, and is not quoted: it may hold anything.
  }
  if (!Array.isArray(items)) {
    throw new BuilderError(
      builder,
      `Cannot use builder "${builder}": what "kubectl get pods" printed is no list in JSON`,
    );
  }
  return items.flatMap((item) => podOf(item) ?? [])
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

function podOf(item: unknown): BuilderPod | undefined {
  const { metadata, spec, status } = Object(item);
  const { name, namespace, deletionTimestamp } = Object(metadata);
  const container = Object(spec).containers?.[0]?.name;
  if (
    Object(status).phase !== "Running" || typeof name !== "string" ||
    typeof namespace !== "string" || typeof container !== "string" ||
    // It ends, and would take a build with it.
    deletionTimestamp !== undefined
  ) return undefined;
  return { name, namespace, container };
}

async function kubectl(
  builder: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const failed = (why: string, cause?: unknown) =>
    new BuilderError(
      builder,
      `Cannot use builder "${builder}": ${why}`,
      cause === undefined ? {} : { cause },
    );
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("kubectl", {
      args: [...args],
      stdin: "null",
      ...(signal === undefined ? {} : { signal }),
    }).output();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Deno.errors.NotFound) {
      throw failed("its driver needs kubectl, which is not there", cause);
    }
    throw cause;
  }
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  if (output.code === 0) return decoder.decode(output.stdout);
  const words = decoder.decode(output.stderr).trim();
  throw failed(`kubectl says: ${words || `exit code ${output.code}`}`);
}
