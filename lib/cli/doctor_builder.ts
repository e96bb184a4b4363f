// What `davit doctor` says of the builder that builds in the place of the engine.

import { X509Certificate } from "node:crypto";
import { Builder } from "../builder/builder.ts";
import { type NodeState, nodeState } from "../builder/buildx_nodes.ts";
import { BuilderError } from "../buildx/builder_error.ts";
import { containerName } from "../buildx/container.ts";
import { loadsByDefault } from "../buildx/driver.ts";
import type { BuildxInstance, BuildxNode } from "../buildx/instance.ts";
import {
  closeEngine,
  engineOf,
  reachNode,
  type ReachOptions,
} from "../buildx/reach.ts";
import { ping } from "../engine/ping.ts";
import type { ChosenBuilder } from "./build_builder.ts";
import { tryBuild } from "./doctor_build.ts";
import { chooseEngine } from "./engine_choice.ts";
import type { Finding, Findings } from "./findings.ts";
import type { ParsedWords } from "./flag.ts";
import { openBuilderFor } from "./open_builder.ts";
import { openClient } from "./open_client.ts";

/** How long the nodes may take to answer, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** What is looked at. */
interface Checked {
  readonly chosen: ChosenBuilder;
  readonly parsed: ParsedWords;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

/**
 * Checks each node of a builder, builds on all that are there, and says what an
 * engine is still needed for.
 */
export async function checkBuilder(checked: Checked): Promise<void> {
  const { chosen: { builder }, findings } = checked;
  const usable = new Set<string>();
  for (const node of builder.nodes) {
    if (await checkNode(checked, node)) usable.add(node.name);
  }
  // Of a node that is not there, a build would say the same again.
  if (usable.size > 0) await checkBuilds(checked, usable);
  if (builder.driver === "docker") return;
  await findings.look(() => engineNeed(checked));
}

/** Checks what leads to a node, and what it is; whether a build can be tried. */
async function checkNode(
  { chosen: { builder, builders }, findings, signal }: Checked,
  node: BuildxNode,
): Promise<boolean> {
  const { host } = await builders.engine();
  const what = `node ${node.name} at ${node.endpoint}`;
  if (builder.driver === "docker-container") {
    const isThere = await findings.look(async () => {
      const engine = await engineOf(node, { host });
      try {
        await ping(engine, AbortSignal.any([signal, timeout()]));
        return [`${what}: the engine at ${engine.where} answers`, true];
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Error)) throw error;
        throw new Error(`${what}: ${error.message}`, { cause: error.cause });
      } finally {
        await closeEngine(engine);
      }
    });
    if (isThere !== true) return false;
  }
  const found = await findings.look(async () => {
    const options = { host, signal: AbortSignal.any([signal, timeout()]) };
    const state = await nodeState(builder, node, options);
    const fault = state.error ?? state.unreached ??
      await absence(builder, node, state, options);
    if (fault !== undefined) {
      throw new Error(`${what}: ${fault.message}`, { cause: fault.cause });
    }
    const words = [
      stateWords(what, state),
      ...state.status === "running" ? await certificateWords(node) : [],
    ];
    return [words.join(", "), true];
  });
  return found === true;
}

/** Why a node has no daemon, and what makes one; undefined if it has. */
async function absence(
  builder: BuildxInstance,
  node: BuildxNode,
  { status }: NodeState,
  options: ReachOptions,
): Promise<BuilderError | undefined> {
  const startsItself = builder.driver === "docker-container";
  if (status === "running" || startsItself && status === "stopped") {
    return undefined;
  }
  try {
    await reachNode(builder, node, options);
    return undefined; // it is there by now
  } catch (error) {
    if (error instanceof BuilderError) return error;
    throw error;
  }
}

function timeout(): AbortSignal {
  return AbortSignal.timeout(TIMEOUT_MS);
}

/** Until when the certificate is valid that a node has taken. */
async function certificateWords(
  { driverOpts: { cert } = {} }: BuildxNode,
): Promise<string[]> {
  if (cert === undefined) return [];
  const { validTo } = new X509Certificate(await Deno.readTextFile(cert));
  return [
    `by a certificate that is valid until ${new Date(validTo).toISOString()}`,
  ];
}

/** What a node is doing. */
function stateWords(
  what: string,
  { node, status, version, workers, pods }: NodeState,
): string {
  if (status === "stopped") {
    return `${what}: its container ${
      containerName(node)
    } is stopped, a build starts it`;
  }
  const platforms = workers.flatMap(({ platforms }) => platforms);
  const count = workers.length === 1 ? "a worker" : `${workers.length} workers`;
  const kit = `BuildKit ${version ?? "of no known version"}`;
  const where = pods === undefined
    ? kit
    : `pods ${pods.map(({ name }) => name).join(", ")}, ${kit}`;
  return `${what}: ${where}, ${count} for ${platforms.join(", ")}`;
}

/** Builds on these nodes, and sees whether secrets arrive there. */
async function checkBuilds(
  { chosen, parsed, findings, signal }: Checked,
  usable: ReadonlySet<string>,
): Promise<void> {
  const { name } = chosen.builder;
  await using stack = new AsyncDisposableStack();
  const opened = await findings.look(async () => {
    const builder = stack.use(await openBuilderFor(chosen, parsed, signal));
    return [undefined, builder] as const;
  });
  if (opened === undefined) return;
  const nodes = opened instanceof Builder ? [...opened.nodes] : [];
  const builders = nodes.length === 0
    ? [[`builder ${name}`, opened] as const]
    : nodes.filter(([node]) => usable.has(node))
      .map(([node, builder]) => [`node ${node}`, builder] as const);
  for (const [what, builder] of builders) {
    const isDaemon = builder instanceof Builder;
    await findings.look(() =>
      tryBuild(builder, what, { ...isDaemon && { history: false }, signal })
    );
    if (!isDaemon) continue;
    await findings.look(() => trySecret(builder, what, signal));
  }
}

/** A secret's id, and what asks for it: a step that can not run, for there is no program. */
const SECRET = "davit_doctor";
const ASKING = `FROM scratch
COPY Dockerfile /
RUN --mount=type=secret,id=${SECRET},required=true ["/none"]
`;

/**
 * Runs a step that mounts a secret. It ends with an error, because an image
 * without a base has no program to run, but the daemon has asked for the secret
 * by then.
 */
async function trySecret(
  builder: Builder,
  what: string,
  signal: AbortSignal,
): Promise<Finding> {
  await using build = builder.imageBuild({ files: { Dockerfile: ASKING } }, {
    outputs: { type: "cacheonly" },
    secrets: { [SECRET]: crypto.randomUUID() },
    networkmode: "none",
    nocache: true,
    history: false,
    signal,
  });
  let isServed = false;
  try {
    for await (const event of build.events()) {
      isServed ||= event.type === "secret" && event.id === SECRET &&
        event.state === "served";
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isServed) throw error;
  }
  if (!isServed) throw new Error(`${what} did not ask for a secret of a step`);
  return [`${what}: it asked for a secret of a step, and got it`];
}

/** What an engine is needed for where a daemon builds. */
async function engineNeed(
  { chosen: { builder }, parsed, signal }: Checked,
): Promise<Finding> {
  if (!loadsByDefault(builder)) {
    return ["no other engine is needed, but for --load"];
  }
  const { address, why } = await chooseEngine(parsed);
  await using docker = await openClient(parsed);
  const { Version } = await docker.version({ signal });
  return [
    `engine: ${address}, ${why}: Docker ${Version}, which gets the images (default-load)`,
  ];
}
