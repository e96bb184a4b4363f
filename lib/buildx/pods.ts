// The driver `kubernetes`: buildx makes a deployment of pods, and davit reaches
// them by the user's own kubectl.

import { parsePlatform, type Platform } from "../platforms/platform.ts";
import { BuilderError } from "./builder_error.ts";
import type { NodeStatus } from "./container.ts";
import type { BuildxNode } from "./instance.ts";

/** The label by which the pods of a node are found. */
const LABEL = "app";

/** What a pod has the platforms in that its node's file names (buildx, `manifest`). */
const PLATFORMS = "buildx.docker.com/platform";

/** A pod that runs buildkitd. */
export interface BuilderPod {
  readonly name: string;
  readonly namespace: string;
  /** The container with buildkitd. */
  readonly container: string;
  /** The platforms that it is for; none where it does not say. */
  readonly platforms: readonly Platform[];
}

/** A node's deployment, as far as kubectl tells. */
export interface Deployment {
  readonly status: NodeStatus;
  /** Its pods that run, in the order of their names. */
  readonly pods: readonly BuilderPod[];
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
  return podsIn(await listed(builder, "pods", node, signal));
}

/**
 * What a node's deployment is doing, in buildx's words. Where the user may not
 * look at deployments, its pods tell.
 *
 * @throws {BuilderError} With kubectl's words, if it fails.
 */
export async function deploymentOf(
  builder: string,
  node: BuildxNode,
  signal?: AbortSignal,
): Promise<Deployment> {
  const items = await listed(builder, "deployments,pods", node, signal)
    .catch((error) => {
      if (!(error instanceof BuilderError)) throw error;
      return listed(builder, "pods", node, signal);
    });
  const pods = podsIn(items);
  const found = items.map(Object).find(({ kind, metadata }) =>
    kind === "Deployment" && Object(metadata).name === deploymentName(node)
  );
  if (found === undefined) {
    return { status: pods.length === 0 ? "inactive" : "running", pods };
  }
  const isReady = Object(found.status).readyReplicas > 0 && pods.length > 0;
  return { status: isReady ? "running" : "stopped", pods };
}

/** Asks kubectl for what has a node's label. */
async function listed(
  builder: string,
  kinds: string,
  node: BuildxNode,
  signal: AbortSignal | undefined,
): Promise<unknown[]> {
  const namespace = node.driverOpts?.namespace;
  const answer = await kubectl(builder, [
    "get",
    kinds,
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
      `Cannot use builder "${builder}": what "kubectl get ${kinds}" printed is no list in JSON`,
    );
  }
  return items;
}

function podsIn(items: readonly unknown[]): BuilderPod[] {
  return items.flatMap((item) => podOf(item) ?? [])
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

function podOf(item: unknown): BuilderPod | undefined {
  const { metadata, spec, status } = Object(item);
  const { name, namespace, deletionTimestamp, annotations } = Object(metadata);
  const container = Object(spec).containers?.[0]?.name;
  if (
    Object(status).phase !== "Running" || typeof name !== "string" ||
    typeof namespace !== "string" || typeof container !== "string" ||
    // It ends, and would take a build with it.
    deletionTimestamp !== undefined
  ) return undefined;
  return {
    name,
    namespace,
    container,
    platforms: platformsIn(Object(annotations)[PLATFORMS]),
  };
}

/** A list that is wrong counts as none, as with buildx. */
function platformsIn(words: unknown): Platform[] {
  if (typeof words !== "string") return [];
  try {
    return words.split(",").map(parsePlatform);
  } catch {
    return [];
  }
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
  const words = kubectlWords(decoder.decode(output.stderr));
  throw failed(`kubectl says: ${words || `exit code ${output.code}`}`);
}

/** A line of kubectl's own log: its severity and date come first (klog's format). */
const LOG_LINE_REGEXP = /^[IWEF]\d{4} \d\d:\d\d:\d\d/;

/**
 * What kubectl says to people. If it can't reach a cluster, it also logs each of
 * its tries; that stays only where there is nothing else.
 */
export function kubectlWords(stderr: string): string {
  const words = stderr.split("\n")
    .filter((line) => !LOG_LINE_REGEXP.test(line))
    .join("\n").trim();
  return words || stderr.trim();
}
