// One build from its options to its result, in the order in which things
// happen.

// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { ClientCredentials } from "../credentials/source.ts";
import type { ExportSet } from "../exporter/export_set.ts";
import type { LayoutStores } from "../layout/layout_stores.ts";
import type { OpenSession } from "../session/open.ts";
import { accountForInputs } from "./account.ts";
import type { Build, SolveWay } from "./build_way.ts";
import { openNamed, sortContexts } from "./context/all_contexts.ts";
import type { NamedSource } from "./context/named_source.ts";
import { openOffer } from "./context/open_offer.ts";
import {
  type BuildContext,
  giveBackSource,
  type Source,
} from "./context/source.ts";
import type { BuildHost } from "./host.ts";
import { addressPasswords } from "./address_passwords.ts";
import { openInputs, watchInputs } from "./inputs.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildRecord } from "./record.ts";
import { checkRequest } from "./check_request.ts";
import type { BuildRequest } from "./request.ts";
import { type BuildResult, buildResult } from "./result.ts";
import { checkUnserved, openBuildSession } from "./session.ts";
import type { BuildSettings } from "./settings.ts";
import { keepSolved } from "./solved.ts";
import { buildStores } from "./stores.ts";
import { chooseWay, loadExpectedWay } from "./way.ts";

/** What is needed to run a build. */
export interface BuildStart {
  /** What builds. */
  readonly host: BuildHost;
  /** The client's own source of logins, used after the option. */
  readonly logins: ClientCredentials;
  /**
   * Reads settings from the environment and from docker's configuration;
   * undefined where the client is not to use them.
   */
  readonly settings: (() => Promise<BuildSettings>) | undefined;
  /** The build context, as it was given. */
  readonly context: BuildContext;
  /** The options, as they were given. */
  readonly options: ImageBuildOptions;
  /** Records everything that happens. */
  readonly record: BuildRecord;
  /** Aborts when the build is to be stopped. */
  readonly stop: AbortSignal;
  /** The way, where something else than an image is asked for. */
  readonly way?: SolveWay | undefined;
  /**
   * Called with the result of a build of which something is kept open. What is
   * kept, and the session, are closed when the promise resolves.
   */
  readonly whileHeld?: ((result: BuildResult) => Promise<void>) | undefined;
}

/**
 * Runs a build: checks the options, opens the context and the inputs on this
 * machine, asks the host what it is, chooses a way to build and builds.
 * At the end everything is closed, whether the build went well or not.
 */
export async function runImageBuild(start: BuildStart): Promise<BuildResult> {
  const { host, record, stop } = start;
  /**
   * Aborts when the build is over, in whatever way; it stops callbacks that
   * still run.
   */
  const over = new AbortController();
  let source: Source | undefined;
  let sources: ReadonlyMap<string, NamedSource> | undefined;
  let session: OpenSession | undefined;
  let exports: ExportSet | undefined;
  let stores: LayoutStores | undefined;
  try {
    [source, sources] = await sortContexts(start.context, start.options);
    const options = await withSurroundings(start);
    const request = await checkRequest(options, source, host, sources);
    const results = asksForResults(request)
      ? await import("./export.ts")
      : undefined;
    exports = results?.exportSet(request);
    // The option `remote` replaces the given context, which is then not read.
    if (request.context !== source) giveBackSource(source);
    stop.throwIfAborted();
    const context = await abortable(
      openOffer(request.context, request.dockerfile, stop),
      stop,
    );
    stores = await buildStores(request, stop);
    const inputs = await abortable(
      openInputs({ ...start, stores }, request, over.signal),
      stop,
    );
    const contexts = await abortable(openNamed(request, stores), stop);
    loadExpectedWay(request);
    const met = await host.meet(stop);
    const way = await chooseWay(request, met.facts, start.way);
    const leaks = inputs.secrets.size > 0
      ? await import("./leak_check.ts")
      : undefined;
    const said = { request, context, contexts, inputs, record };
    const build: Build = {
      ...met,
      host,
      request,
      context,
      contexts,
      inputs,
      exports,
      record,
      stop,
      onDockerfile: (text) => leaks?.refuseLeak(said, "the Dockerfile", text),
    };
    const needs = way.needs(build);
    for (const warning of needs.warnings) record.warn(...warning);
    record.withoutCache = request.noCache === true || request.noCacheStages;
    await results?.checkStore(build);
    await exports?.prepare();
    for (const { layout } of request.outputs) await layout?.open(stores!);
    await record.protect(addressPasswords(request));
    await watchInputs(inputs, record, () => leaks?.checkTexts(said));
    await leaks?.checkLeaks(said);
    /**
     * The first error that kept davit from giving something that the engine
     * asked for.
     */
    let served: Error | undefined;
    session = await openBuildSession(needs, build, (error) => {
      // A build goes on without a cache in a damaged folder.
      if (served === undefined || served.name === "LayoutError") served = error;
    });
    if (session === undefined && needs.ownSessions !== true) {
      checkUnserved(build);
    }
    /** Whether the search for secrets has begun, which sees to the names. */
    let searches = false;
    try {
      const built = await way.run(build, session, needs.uploads);
      const { imageId, image, told, solved } = built;
      await using held = built.held;
      record.caches?.warnOfExports();
      const secrets = await accountForInputs(build, told);
      if (held === undefined) await session?.close();
      if (inputs.caches.local.length > 0) {
        const { tagLocalCaches } = await import("./local_caches.ts");
        const { answer } = solved!; // only BuildKit's own API has such caches
        await tagLocalCaches(inputs.caches.local, answer, { record, served });
      }
      for (const { layout } of request.outputs) {
        layout?.answered(solved!.answer);
      }
      searches = true;
      const verification = request.verify &&
        await (await import("./verify.ts")).verifyResult(build, imageId);
      const exported = exports &&
        await results?.commitExports(build, exports, imageId);
      const result = buildResult({
        imageId,
        ref: solved?.ref,
        image,
        names: request.tags,
        secrets,
        verification,
        exports: exported ?? [],
      }, record);
      keepSolved(result, host, solved);
      if (held !== undefined) {
        record.end();
        await start.whileHeld?.(result);
      }
      return result;
    } catch (error) {
      if (request.verify !== undefined && !searches) {
        await (await import("./unverified.ts")).untagUnverified(build);
      }
      stop.throwIfAborted();
      const { explainFailure } = await import("./failure.ts");
      throw explainFailure(error, {
        store: inputs.secrets,
        session,
        served,
        strict: request.strict.missing,
        unread: needs.unread,
        platforms: request.platforms,
        record,
      });
    } finally {
      record.end();
    }
  } catch (error) {
    const { maskMessages } = await import("./failure.ts");
    maskMessages(error, record);
    if (source !== undefined) giveBackSource(source, error);
    for (const named of sources?.values() ?? []) {
      if (named.kind === "tar") giveBackSource(named, error);
    }
    await session?.close();
    if (exports !== undefined) await exports.discard(error);
    else await abortOutputs(Object(start.options).outputs, error);
    throw error;
  } finally {
    over.abort(new DOMException("The build is over", "AbortError"));
    await session?.close();
    await stores?.[Symbol.asyncDispose]();
  }
}

/**
 * Whether a build has results to receive, or asks for something that depends on
 * how the engine stores images; most builds do neither.
 */
function asksForResults(
  {
    outputs,
    platforms,
    attestations,
    annotations,
    cacheExports,
    contexts,
  }: BuildRequest,
): boolean {
  return outputs.length > 0 || platforms.length > 1 ||
    attestations.length > 0 || annotations.length > 0 ||
    cacheExports.length > 0 || contexts.size > 0;
}

/**
 * Adds the settings of the program's environment to the options, where the
 * client uses them.
 */
async function withSurroundings(
  { settings: read, options, record }: BuildStart,
): Promise<ImageBuildOptions> {
  if (read === undefined) return options;
  const { proxyPasswords, withSettings } = await import("./settings.ts");
  const settings = await read();
  await record.protect(proxyPasswords(settings));
  return withSettings(options, settings);
}

/**
 * Aborts the streams that were given for a result: the build failed before the
 * options were checked, so nothing else will end them.
 */
async function abortOutputs(
  outputs: ImageBuildOptions["outputs"],
  reason: unknown,
): Promise<void> {
  if (typeof outputs === "string") return;
  for (const output of [outputs].flat() as unknown[]) {
    const { dest } = (output ?? {}) as { dest?: unknown };
    if (!(dest instanceof WritableStream) || dest.locked) continue;
    await dest.abort(reason).catch(() => {}); // the build has already failed
  }
}
