// BuildKit's own API behind an engine's socket: `Control/Solve` builds, and
// `Control/Status` tells what happens. The engine asks for files, secrets and
// logins over a session, as on the other way.

import { cannotBuildWith } from "../cannot_build_with.ts";
import { type Control, openControl } from "../../buildkit/control.ts";
import { runSolve } from "../../buildkit/run_solve.ts";
import { SolveError } from "../../buildkit/solve_error.ts";
import { compareApi } from "../../engine/api_version.ts";
import { ProtocolError, type UnsupportedError } from "../../errors.ts";
import type { OpenSession, SessionDialler } from "../../session/open.ts";
import { Upload } from "../../session/upload.ts";
import type { BuildRecord } from "../record.ts";
import type { BuildImageResult } from "../result.ts";
import type { Build, BuildWay, Built, WayNeeds } from "../build_way.ts";
import { checkNamedPlatforms } from "../checks/annotations.ts";
import { strictUnsupported } from "../checks/secrets.ts";
import type { HostAddress } from "../checks/values.ts";
import type { WatchedTar } from "../context/watch_tar.ts";
import { checkSecretSizes, plainConnection } from "../secrets.ts";
import { dialler } from "./engine.ts";
import { checkSolve } from "./engine_limits.ts";
import { TRACE_UNREADABLE } from "./engine_messages.ts";
import {
  cacheExports,
  cacheImports,
  entitlements,
  frontendAttrs,
} from "./frontend_attrs.ts";
import { checkAbilities } from "./solve_abilities.ts";
import { solveExporters } from "./solve_exporters.ts";

/** BuildKit of a Docker engine, by its own API. */
export const solveWay: BuildWay = { needs, run };

function needs(build: Build): WayNeeds {
  const { engine, facts, request, context, inputs: { secrets } } = build;
  const what = request.needs[0] ?? 'api "buildkit"';
  const refused = (why: string) => cannotBuildWith(what, why);
  checkNamedPlatforms(request);
  const warnings = checkSolve(request, facts);
  if (engine.transport.upgrade === undefined) {
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
  if (isForeign && !isFetched) checkForeign(build, refused);
  if (isForeign && (request.strict.missing || request.strict.unused)) {
    throw strictUnsupported(
      "without a session of davit's own nobody tells what the build asks for; leave the option session out",
    );
  }
  checkSecretSizes(secrets, facts);
  warnings.push(...plainConnection(engine, secrets));
  return {
    warnings,
    session: isForeign && isFetched ? undefined : besideSession(build),
    sessionRequired: !isFetched,
    upload: isFetched || isFolder ? undefined : new Upload(),
    unread: [],
  };
}

/** The connections that were opened for builds beside their sessions. */
const opened = new WeakMap<Build, Promise<Control>>();

/**
 * Connects the session, and meanwhile the connection for the build itself: the
 * engine answers each of the two requests for itself.
 */
function besideSession(build: Build): SessionDialler {
  const { engine, stop } = build;
  const dial = dialler(engine);
  return async (headers, signal) => {
    const control = openControl(engine, { signal: stop });
    control.catch(() => {}); // told to the build that begins
    opened.set(build, control);
    try {
      return await dial(headers, signal);
    } catch (error) {
      // The build does not begin, or does it without a session.
      opened.delete(build);
      await control.then((held) => held[Symbol.asyncDispose](), () => {});
      throw error;
    }
  };
}

/**
 * Refuses a context that can't come beside a session of the caller's own: of
 * two sessions, BuildKit takes folders alone from the second one.
 */
function checkForeign(
  { facts, request, context }: Build,
  refused: (why: string) => UnsupportedError,
): void {
  const instead = "leave the option session out";
  if (request.session === false) {
    throw refused(`the context comes over a session; ${instead}`);
  }
  if (context.locals === undefined) {
    throw refused(
      `a tar comes over a session of davit's own; give a folder, or ${instead}`,
    );
  }
  if (compareApi(facts.negotiated, "1.42") < 0) {
    throw refused(
      `this engine can not take the context from a session of davit's own beside another one; ${instead}, or use a newer engine`,
    );
  }
}

async function run(
  build: Build,
  session: OpenSession | undefined,
  upload: Upload | undefined,
): Promise<Built> {
  const { engine, request, context, record, stop } = build;
  await using control = await (opened.get(build) ??
    openControl(engine, { signal: stop }));
  await checkAbilities(build, control);
  const hosts = await hostAddresses(request.hosts ?? [], control, stop);
  const halt = new AbortController();
  const watched = upload && await offered(build, upload, halt);
  record.dockerfile = () => context.dockerfile ?? watched?.dockerfile;
  const signal = AbortSignal.any([stop, halt.signal]);
  signal.addEventListener("abort", () => upload?.stop(signal.reason));
  const quiet = request.quiet
    ? new (await import("./quiet_log.ts")).QuietLog(record)
    : undefined;
  const ref = crypto.randomUUID().replaceAll("-", "");
  try {
    const { response, logError } = await runSolve(control, {
      ref,
      session: request.session || session?.id,
      frontend: "dockerfile.v0",
      frontendAttrs: frontendAttrs(request, {
        dockerfile: context.dockerfile?.name ?? request.dockerfile,
        context: request.context.kind === "remote"
          ? request.context.url
          : upload?.url,
        hosts,
        folders: request.session && session?.id || undefined,
      }),
      exporters: solveExporters(request),
      cache: {
        exports: cacheExports(request),
        imports: cacheImports(request),
      },
      entitlements: entitlements(request),
      sourcePolicy: request.sourcePolicy?.rules,
      internal: !request.history,
    }, {
      signal,
      async onStatus(status) {
        if (status === undefined) record.warn(...TRACE_UNREADABLE);
        else if (quiet !== undefined) quiet.keep(status);
        else record.tellStatus(status);
        await record.ready();
      },
    });
    stop.throwIfAborted();
    if (watched?.failure !== undefined) throw watched.failure;
    watched?.taken();
    if (logError !== undefined && quiet === undefined) {
      record.warn(
        "trace-unreadable",
        `the rest of the engine's log could not be read, and is left out: ${logError.message}`,
      );
    }
    if (request.noCacheStages.length > 0) await warnOfStages(build);
    const imageId = tellImage(build, response);
    const image = request.makesImage
      ? await readImage(build, response, control, signal)
      : undefined;
    return {
      imageId,
      image,
      // Beside a session of the caller's own there are no secrets.
      told: session !== undefined,
      solved: { ref, answer: response },
    };
  } catch (error) {
    stop.throwIfAborted();
    if (watched?.failure !== undefined) throw watched.failure;
    if (!(error instanceof SolveError)) throw error;
    quiet?.release();
    record.tellLine({
      errorDetail: { message: error.detail },
      error: error.detail,
    });
    throw await explained(error, record);
  } finally {
    watched?.release(stop.reason);
  }
}

/** What a build failed with, for the caller. */
async function explained(
  error: SolveError,
  record: BuildRecord,
): Promise<Error> {
  const { entitlementError } = await import("./entitlement_error.ts");
  const { solveFailure } = await import("./solve_failure.ts");
  return entitlementError(error.detail) ?? solveFailure(error, record);
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

/** The hosts with addresses alone; `POST /build` knows a word for one. */
async function hostAddresses(
  hosts: readonly HostAddress[],
  control: Control,
  signal: AbortSignal,
): Promise<readonly HostAddress[]> {
  if (!hosts.some(({ address }) => address === "host-gateway")) return hosts;
  const { withGateway } = await import("./host_gateway.ts");
  return await withGateway(hosts, control, signal);
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

/**
 * Offers the context under the upload's URL, and watches it on its way.
 *
 * @param halt Stops the build if the context fails.
 */
async function offered(
  { request, context, record, onDockerfile }: Build,
  upload: Upload,
  halt: AbortController,
): Promise<WatchedTar> {
  const { watchTar } = await import("../context/watch_tar.ts");
  const { body, files } = await context.tar();
  const watched = watchTar(body!, {
    dockerfile: request.dockerfile ?? "Dockerfile",
    files,
    takes: { text: true, zstd: false },
    onSent: (event) => record.tell(event),
    onDockerfile,
    onFailure: () => halt.abort(),
  });
  upload.offer(watched.body);
  return watched;
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
