// A build by several nodes: each builds for its platforms over a session of its
// own, and pushes by digest; the images are joined in the registry.

import type { Build, Built, SolveWay, WayNeeds } from "../build_way.ts";
import { cannotBuildWith } from "../cannot_build_with.ts";
import { explainFailure } from "../failure.ts";
import type { Timestamp } from "../../progress/solve_status.ts";
import type { BuildRecord } from "../record.ts";
import { plainConnection } from "../secrets.ts";
import { openBuildSession } from "../session.ts";
import {
  besideSession,
  type OpenSolve,
  withSolve,
} from "../ways/open_solve.ts";
import { solved, solveNeeds, warnOfUnused } from "../ways/solve.ts";
import { ImportWarnings, nodeCaches } from "./caches.ts";
import { joinImages, type JoinOptions, pushedDigest } from "./join.ts";
import { nodeInputs } from "./node_inputs.ts";
import { NodeRecord, SentContexts } from "./node_record.ts";
import { type NodeTars, nodeTars } from "./tars.ts";
import { checkNodesOutputs, nodeExporter, pushesImage } from "./outputs.ts";
import type { NodeShare } from "./plan.ts";
import { SharedMounts } from "./shared_mounts.ts";

/** The way of a build that several nodes share. */
export function nodesWay(
  shares: readonly NodeShare[],
  options: JoinOptions = {},
): SolveWay {
  return {
    refused,
    needs: (build) => needs(build, shares),
    run: (build) => run(build, shares, options),
  };
}

function refused(why: string) {
  return cannotBuildWith("several nodes", why);
}

function needs(build: Build, shares: readonly NodeShare[]): WayNeeds {
  const { request, inputs } = build;
  if (request.session !== undefined) {
    throw refused(
      "each of them needs a session of its own; leave the option session out",
    );
  }
  checkNodesOutputs(request);
  const warnings = [...solveNeeds(build, refused).warnings];
  for (const { node } of shares) {
    nodeCaches(inputs.caches, node.name);
    if (node.host !== build.host) {
      warnings.push(...plainConnection(node.host, inputs.secrets));
    }
  }
  return { warnings, session: undefined, ownSessions: true, unread: [] };
}

/** What one node does, and what ends it. */
interface NodeRun {
  readonly share: NodeShare;
  /** Its copies of what can be read once. */
  readonly tars: NodeTars;
  readonly record: NodeRecord;
  /** BuildKit's id of the build, the same on all nodes. */
  readonly ref: string;
  /** What the steps of all nodes mount: what one has no use for, another may need. */
  readonly shared: SharedMounts;
  /** Aborts when one of the nodes fails. */
  readonly stop: AbortSignal;
}

async function run(
  build: Build,
  shares: readonly NodeShare[],
  options: JoinOptions,
): Promise<Built> {
  const { record, request, stop } = build;
  const others = new AbortController();
  const contexts = new SentContexts();
  const ref = crypto.randomUUID().replaceAll("-", "");
  const tars = await nodeTars(build, shares.length);
  const shared = new SharedMounts(shares.length);
  const runs = shares.map((share, i): NodeRun => ({
    share,
    tars: tars[i]!,
    record: new NodeRecord(record, share.node.name, contexts),
    ref,
    shared,
    stop: AbortSignal.any([stop, others.signal]),
  }));
  record.stepNames = () => runs.flatMap(({ record }) => record.state.names());
  record.dockerfile = () => runs[0]!.record.dockerfile();
  record.caches &&= cachesOf(runs, record.caches);
  let failure: { readonly error: unknown } | undefined;
  const answers = await Promise.all(runs.map(async (run) => {
    try {
      return await runNode(build, run);
    } catch (error) {
      failure ??= { error };
      others.abort(new DOMException("Another node failed", "AbortError"));
      return undefined;
    } finally {
      run.tars.release(failure?.error);
    }
  }));
  stop.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  // What all of them mount is in the record of the node that was asked last.
  record.mounts = runs.map(({ record }) => record.mounts).find(Boolean);
  await warnOfUnused(build);
  const answer = new Map<string, string>();
  const hosts = shares.map(({ node }) => node.host);
  const told = { told: true, solved: { ref, answer, hosts } };
  if (!pushesImage(request)) return { ...told, imageId: "" };
  const digests = answers.map((answer, i) =>
    pushedDigest(answer!, shares[i]!.node.name)
  );
  const { descriptor, ...image } = await asStep(
    record,
    `merging manifest list ${request.tags.join(",")}`,
    () => joinImages(build, digests, options),
  );
  answer.set("containerimage.digest", image.digest);
  answer.set(
    "containerimage.descriptor",
    new TextEncoder().encode(JSON.stringify(descriptor)).toBase64(),
  );
  record.tellLine({ id: "moby.image.id", aux: { ID: image.digest } });
  return { ...told, imageId: image.digest, image };
}

/** Does something that the log shows as a step, as buildx does. */
async function asStep<T>(
  record: BuildRecord,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const step = {
    digest: `sha256:${crypto.getRandomValues(new Uint8Array(32)).toHex()}`,
    name,
    inputs: [],
    cached: false,
    group: undefined,
    started: now(),
  };
  const tell = (completed: Timestamp | undefined, error: string) =>
    record.tellStatus({
      vertexes: [{ ...step, completed, error }],
      statuses: [],
      logs: [],
      warnings: [],
    });
  tell(undefined, "");
  try {
    const result = await work();
    tell(now(), "");
    return result;
  } catch (error) {
    tell(now(), record.text((error as Error).message));
    throw error;
  }
}

function now(): Timestamp {
  const millis = Date.now();
  return {
    seconds: Math.floor(millis / 1000),
    nanos: millis % 1000 * 1_000_000,
  };
}

/** Builds on one node, and resolves to its answer. */
async function runNode(
  build: Build,
  { share: { node, platforms }, tars, record, ref, shared, stop }: NodeRun,
): Promise<ReadonlyMap<string, string>> {
  const met = await node.host.meet(stop);
  const own: Build = {
    ...build,
    ...met,
    ...tars.contexts,
    host: node.host,
    request: {
      ...build.request,
      platforms,
    },
    shared,
    inputs: nodeInputs(build.inputs, node, stop),
    record,
    stop,
  };
  const warnings = await watchCaches(own, node.name);
  let served: Error | undefined;
  const needs: WayNeeds = {
    warnings: [],
    session: besideSession(own),
    sessionRequired: true,
    uploads: tars.uploads,
    unread: [],
  };
  const session = await openBuildSession(
    needs,
    own,
    (error) => served ??= error,
  );
  try {
    return await withSolve(own, session, tars.uploads, async (open) => {
      const request = nodeRequest(open, ref);
      const { response, logError } = await solved(own, { ...open, request });
      open.ended(logError);
      warnings?.end(build.inputs.caches);
      return response;
    });
  } catch (error) {
    stop.throwIfAborted();
    throw explainFailure(error, {
      store: build.inputs.secrets,
      session,
      served,
      strict: build.request.strict.missing,
      unread: [],
      platforms,
      record,
      node: node.name,
    });
  } finally {
    record.end();
    await session?.close();
  }
}

/**
 * What became of the caches of all nodes; each node's record watches its own.
 *
 * @param before What was told before the nodes began.
 */
function cachesOf(
  runs: readonly NodeRun[],
  before: NonNullable<BuildRecord["caches"]>,
): BuildRecord["caches"] {
  const watched = () => runs.flatMap(({ record }) => record.caches ?? []);
  return {
    get seen() {
      return [before, ...watched()].flatMap(({ seen }) => seen);
    },
    tellUnopened: (cache) => before.tellUnopened(cache),
    read() {},
    expect: () => Promise.resolve(),
    warnOfExports() {
      for (const caches of watched()) caches.warnOfExports();
    },
    failedIn: () => undefined,
  };
}

/** Reports what becomes of the caches of one node. */
async function watchCaches(
  { inputs: { caches }, record }: Build,
  node: string,
): Promise<ImportWarnings | undefined> {
  if (caches.imports.length + caches.exports.length === 0) return undefined;
  const { CacheWatch } = await import("../cache_watch.ts");
  const warnings = new ImportWarnings(
    node,
    (...warning) => record.warn(...warning),
  );
  record.caches = new CacheWatch(caches, {
    tell: (event) => record.tell(event),
    warn: (...warning) => warnings.warn(...warning),
    text: (text) => record.text(text),
  });
  return warnings;
}

/** A request for a part of the image: it becomes an index in any case. */
function nodeRequest(
  { request }: OpenSolve,
  ref: string,
): OpenSolve["request"] {
  return {
    ...request,
    ref,
    frontendAttrs: { ...request.frontendAttrs, "multi-platform": "true" },
    exporters: request.exporters?.map(nodeExporter),
  };
}
