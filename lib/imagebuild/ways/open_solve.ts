// A build that is open by BuildKit's own API: the connection, the request in
// BuildKit's words, the log on its way into the record, and the context on its
// way to the engine. What is then done with it is the caller's.

import { type Control, openControl } from "../../buildkit/control.ts";
import type { RunSolveOptions } from "../../buildkit/run_solve.ts";
import { SolveError } from "../../buildkit/solve_error.ts";
import type { SolveRequest } from "../../buildkit/solve_request.ts";
import type { OpenSession, SessionDialler } from "../../session/open.ts";
import { syntaxOf } from "../../progress/dockerfile.ts";
import type { Build, ContextUploads } from "../build_way.ts";
import type { HostAddress } from "../checks/values.ts";
import type { BuildRecord } from "../record.ts";
import { TRACE_UNREADABLE } from "./engine_messages.ts";
import { cacheExports, entitlements, frontendAttrs } from "./frontend_attrs.ts";
import { frontendInputs } from "./frontend_inputs.ts";
import { OfferedTars } from "./offered_tars.ts";
import { checkAbilities } from "./solve_abilities.ts";
import { solveExporters } from "./solve_exporters.ts";

/** A build that can begin. */
export interface OpenSolve
  extends Pick<RunSolveOptions, "signal" | "onStatus"> {
  /** Makes the calls; held until the build is over. */
  readonly control: Control;
  /** The whole request. */
  readonly request: SolveRequest & {
    readonly frontend: string;
    readonly frontendAttrs: Readonly<Record<string, string>>;
  };
  /**
   * To be called when the build has ended well, with the reason why its log may
   * not be whole.
   *
   * @throws What kept the context from being sent.
   */
  ended(logError: Error | undefined): void;
}

/** The connections that were opened for builds beside their sessions. */
const opened = new WeakMap<Build, Promise<Control>>();

/**
 * Connects the session, and meanwhile the connection for the build itself: the
 * engine answers each of the two requests for itself.
 */
export function besideSession(build: Build): SessionDialler {
  const { host, stop } = build;
  return async (headers, signal) => {
    const buildkit = await host.buildkit();
    const control = openControl(buildkit, { signal: stop });
    control.catch(() => {}); // told to the build that begins
    opened.set(build, control);
    try {
      return await buildkit.dialSession(headers, signal);
    } catch (error) {
      // The build does not begin, or does it without a session.
      opened.delete(build);
      await control.then((held) => held[Symbol.asyncDispose](), () => {});
      throw error;
    }
  };
}

/**
 * Opens a build, and does something with it.
 *
 * @throws {BuildError} If BuildKit says that the build failed.
 * @throws {ContextError} If the context can't be read.
 * @throws What `work` throws.
 */
export async function withSolve<T>(
  build: Build,
  session: OpenSession | undefined,
  uploads: ContextUploads | undefined,
  work: (open: OpenSolve) => Promise<T>,
): Promise<T> {
  const { host, request, context, contexts, record, stop } = build;
  const { caches } = build.inputs;
  await using control = await (opened.get(build) ??
    openControl(await host.buildkit(), { signal: stop }));
  await checkAbilities(build, control);
  const hosts = await hostAddresses(request.hosts ?? [], control, stop);
  const halt = new AbortController();
  const tars = new OfferedTars(build, () => halt.abort());
  record.dockerfile = () => context.dockerfile ?? tars.dockerfile;
  const signal = AbortSignal.any([stop, halt.signal]);
  signal.addEventListener("abort", () => tars.stop(signal.reason));
  const id = request.session || session?.id;
  if (id !== undefined) await record.caches?.expect(id);
  const quiet = request.quiet
    ? new (await import("./quiet_log.ts")).QuietLog(record)
    : undefined;
  try {
    await tars.offer(uploads);
    return await work({
      control,
      request: {
        ref: crypto.randomUUID().replaceAll("-", ""),
        session: id,
        frontend: "dockerfile.v0",
        frontendAttrs: frontendAttrs(request, {
          dockerfile: context.dockerfile?.name ?? request.dockerfile,
          context: request.context.kind === "remote"
            ? request.context.url
            : uploads?.own?.url,
          contexts,
          localImages: host.keepsImages,
          forward: mayForward(build),
          hosts,
          caches: caches.imports,
          folders: request.session && session?.id || undefined,
        }),
        exporters: solveExporters(request, host),
        cache: {
          exports: cacheExports(request, caches.exports),
          imports: caches.imports,
        },
        entitlements: entitlements(request),
        frontendInputs: await frontendInputs(contexts, uploads?.named),
        sourcePolicy: request.sourcePolicy?.rules,
        internal: !request.history,
      },
      signal,
      async onStatus(status) {
        if (status === undefined) record.warn(...TRACE_UNREADABLE);
        else if (quiet !== undefined) quiet.keep(status);
        else record.tellStatus(status);
        await record.ready();
      },
      ended(logError) {
        stop.throwIfAborted();
        if (tars.failure !== undefined) throw tars.failure;
        tars.taken();
        if (logError === undefined || quiet !== undefined) return;
        record.warn(
          "trace-unreadable",
          `the rest of the engine's log could not be read, and is left out: ${logError.message}`,
        );
      },
    });
  } catch (error) {
    stop.throwIfAborted();
    if (tars.failure !== undefined) throw tars.failure;
    if (!(error instanceof SolveError)) throw error;
    quiet?.release();
    record.tellLine({
      errorDetail: { message: error.detail },
      error: error.detail,
    });
    throw await explained(error, record);
  } finally {
    tars.release(stop.reason);
  }
}

/**
 * Whether a frontend of the Dockerfile's own may build in place of the engine's.
 * A tar is not sent to find that out.
 */
function mayForward({ request, context }: Build): boolean {
  const { buildArgs, context: { kind } } = request;
  if (buildArgs?.BUILDKIT_SYNTAX || kind === "remote") return true;
  return syntaxOf(context.dockerfile?.text ?? "") !== undefined;
}

/** What a build failed with, for the caller. */
async function explained(
  error: SolveError,
  record: BuildRecord,
): Promise<Error> {
  const { entitlementError } = await import("./entitlement_error.ts");
  const { frontendError } = await import("./named_context_attrs.ts");
  const { solveFailure } = await import("./solve_failure.ts");
  return entitlementError(error.detail) ?? frontendError(error.detail) ??
    solveFailure(error, record);
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
