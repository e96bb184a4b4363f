// BuildKit's own API behind an engine's socket: `Control/Solve` builds, and
// `Control/Status` tells what happens. The engine asks for files, secrets and
// logins over a session, as on the other way.

import { cannotBuildWith } from "../cannot_build_with.ts";
import type { Control } from "../../buildkit/control.ts";
import { runSolve, type SolveResult } from "../../buildkit/run_solve.ts";
import { ProtocolError, type UnsupportedError } from "../../errors.ts";
import type { OpenSession } from "../../session/open.ts";
import { Upload } from "../../session/upload.ts";
import type { BuildImageResult } from "../result.ts";
import type {
  Build,
  BuildWay,
  Built,
  ContextUploads,
  WayNeeds,
} from "../build_way.ts";
import { checkNamedPlatforms } from "../checks/annotations.ts";
import { strictUnsupported } from "../checks/secrets.ts";
import { checkSecretSizes, plainConnection } from "../secrets.ts";
import { checkDaemon } from "./daemon_limits.ts";
import { checkSolve } from "./engine_limits.ts";
import { besideSession, type OpenSolve, withSolve } from "./open_solve.ts";

/** BuildKit by its own API, of a Docker engine or of a daemon. */
export const solveWay: BuildWay = { needs, run };

function needs(build: Build): WayNeeds {
  const what = build.request.needs[0] ?? 'api "buildkit"';
  const limits = build.engine === undefined ? checkDaemon(build.request) : [];
  const needed = solveNeeds(build, (why) => cannotBuildWith(what, why));
  return { ...needed, warnings: [...limits, ...needed.warnings] };
}

/**
 * What a build by BuildKit's API needs.
 *
 * @param refused Makes the error for what can't be done.
 */
export function solveNeeds(
  build: Build,
  refused: (why: string) => UnsupportedError,
): WayNeeds {
  const { host, engine, facts, takes, request, context, contexts } = build;
  const { secrets } = build.inputs;
  checkNamedPlatforms(request);
  const warnings = facts === undefined ? [] : checkSolve(request, facts);
  if (engine !== undefined && engine.transport.upgrade === undefined) {
    throw refused(
      "this transport can not take a connection over, as BuildKit's API needs it; use a Docker engine's own socket",
    );
  }
  if (request.squash) {
    throw refused(
      'BuildKit\'s API can not squash layers; leave squash out, or build with api "engine" alone',
    );
  }
  const isFetched = request.context.kind === "remote";
  const isForeign = request.session !== undefined;
  const isFolder = context.locals !== undefined;
  const hasFolders = contexts.folders.size > 0;
  const hasNamed = hasFolders || contexts.tars.size > 0;
  if (isForeign && (!isFetched || hasNamed)) checkForeign(build, refused);
  if (isForeign && build.inputs.stores.size > 0) {
    throw refused(
      "folders of content are served over a session of davit's own; leave the option session out",
    );
  }
  if (isForeign && (request.strict.missing || request.strict.unused)) {
    throw strictUnsupported(
      "without a session of davit's own nobody tells what the build asks for; leave the option session out",
    );
  }
  checkSecretSizes(secrets, takes);
  warnings.push(...plainConnection(host, secrets));
  return {
    warnings,
    session: isForeign && isFetched && !hasNamed
      ? undefined
      : besideSession(build),
    sessionRequired: !isFetched || hasNamed,
    uploads: {
      own: isFetched || isFolder ? undefined : new Upload(),
      named: new Map(
        [...contexts.tars.keys()].map((name) => [name, new Upload()]),
      ),
    },
    unread: [],
  };
}

/**
 * Refuses a context that can't come beside a session of the caller's own: of
 * two sessions, BuildKit takes folders alone from the second one.
 */
function checkForeign(
  { takes, request, context, contexts }: Build,
  refused: (why: string) => UnsupportedError,
): void {
  const instead = "leave the option session out";
  if (request.session === false) {
    throw refused(`the context comes over a session; ${instead}`);
  }
  const isTar = context.locals === undefined &&
    request.context.kind !== "remote";
  if (isTar || contexts.tars.size > 0) {
    throw refused(
      `a tar comes over a session of davit's own; give a folder, or ${instead}`,
    );
  }
  if (!takes.foreignFolders) {
    throw refused(
      `this engine can not take the context from a session of davit's own beside another one; ${instead}, or use a newer engine`,
    );
  }
}

async function run(
  build: Build,
  session: OpenSession | undefined,
  uploads: ContextUploads | undefined,
): Promise<Built> {
  return await withSolve(build, session, uploads, async (open) => {
    const { response, logError } = await solved(build, open);
    open.ended(logError);
    return await builtOf(build, session, open, response);
  });
}

/**
 * Builds. With `strictSecrets` davit is in the frontend's place, and asks first
 * what the target mounts.
 */
export async function solved(
  build: Build,
  open: OpenSolve,
): Promise<SolveResult> {
  const { control, request, signal, onStatus } = open;
  const { strict } = build.request;
  if (!strict.missing && !strict.unused) {
    return await runSolve(control, request, { signal, onStatus });
  }
  const { runGatewayBuild } = await import("../../buildkit/gateway_build.ts");
  const { checkOutline } = await import("../outline.ts");
  return await runGatewayBuild(control, request, {
    signal,
    onStatus,
    async frontend(bridge, signal) {
      await checkOutline(bridge, open, build, signal);
      return await bridge.solve(request, { signal });
    },
  });
}

/** What a build by BuildKit's API has led to. */
async function builtOf(
  build: Build,
  session: OpenSession | undefined,
  { control, request: { ref }, signal }: OpenSolve,
  response: ReadonlyMap<string, string>,
): Promise<Built> {
  await warnOfUnused(build);
  const imageId = tellImage(build, response);
  const image = build.request.makesImage
    ? await readImage(build, response, control, signal)
    : undefined;
  return {
    imageId,
    image,
    // Beside a session of the caller's own there are no secrets.
    told: session !== undefined,
    solved: { ref, answer: response },
  };
}

/** The image's digests, where the engine tells them: not with graph drivers. */
async function readImage(
  { record }: Build,
  response: ReadonlyMap<string, string>,
  control: Control,
  signal: AbortSignal,
): Promise<BuildImageResult | undefined> {
  if (!response.has("containerimage.descriptor")) return undefined;
  const { builtImage } = await import("./built_image.ts");
  return await builtImage(response, control, {
    signal,
    warn: (warning) => record.warn(...warning),
  });
}

/** Warns of what was named and has had no effect. */
export async function warnOfUnused(build: Build): Promise<void> {
  if (build.request.noCacheStages.length > 0) await warnOfStages(build);
  if (build.request.contexts.size > 0) await warnOfContexts(build);
}

/** Warns of names in `nocachefilter` that BuildKit ignores. */
async function warnOfStages({ request, record }: Build): Promise<void> {
  const { unknownStages } = await import("../unknown_stages.ts");
  for (const name of unknownStages(request, record.dockerfile())) {
    record.warn(
      "option-ignored",
      `nocachefilter "${name}" has no effect: no stage of the Dockerfile has that name (FROM … AS name)`,
      "nocachefilter",
    );
  }
}

/** Warns of contexts by name that nothing in the build has used. */
async function warnOfContexts({ request, record }: Build): Promise<void> {
  const { unusedContexts } = await import("../unused_contexts.ts");
  const steps = record.stepNames();
  for (const name of unusedContexts(request, steps, record.dockerfile())) {
    record.warn(
      "option-ignored",
      `contexts ${
        JSON.stringify(name)
      } has no effect: nothing in the Dockerfile names it (FROM, COPY --from, RUN --mount=from)`,
      "contexts",
    );
  }
}

/** Reports the image, in the messages in which `POST /build` does. */
function tellImage(
  { request, record }: Build,
  response: ReadonlyMap<string, string>,
): string {
  if (!request.makesImage) return "";
  const id = response.get("containerimage.digest");
  if (id === undefined) {
    throw new ProtocolError(
      "The engine ended the build with neither an image id nor an error: look into its log",
    );
  }
  record.tellLine(
    request.quiet
      ? { stream: `${id}\n` }
      : { id: "moby.image.id", aux: { ID: id } },
  );
  return id;
}
