import type { ClientCredentials } from "../credentials/store.ts";
import { type Engine, isPodman } from "../engine/engine.ts";
import { abortable } from "../engine/abortable.ts";
import { UnsupportedError } from "../errors.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { OpenSession } from "../session/open.ts";
import { accountForInputs } from "./account.ts";
import {
  type BuildContext,
  sortContext,
  streamsOf,
  withStreams,
} from "./context/build_context.ts";
import { commitExport, prepareExport } from "./export.ts";
import { GatewayReport } from "./ways/gateway_report.ts";
import {
  type BuildInputs,
  openInputs,
  servicesOf,
  watchInputs,
} from "./inputs.ts";
import type { ImageBuildOptions } from "./options.ts";
import { checkPlan, namesOf, planBuild } from "./plan.ts";
import { postBuild } from "./ways/post.ts";
import type { BuildRecord } from "./record.ts";
import { type BuildResult, buildResult } from "./result.ts";
import { carrySecrets } from "./secrets.ts";
import type { BuildSettings } from "./settings.ts";
import { openBuildSession } from "./session.ts";
import { checkStrictWay, strictnessOf } from "./strict.ts";
import { checkVerify } from "./verify_options.ts";

/** What a build is started with. */
export interface BuildStart {
  /** Where to build. */
  readonly engine: Engine;
  /** Where logins come from, besides the options. */
  readonly logins: ClientCredentials;
  /** Reads what the build takes from the surroundings of its program. */
  readonly settings: (() => Promise<BuildSettings>) | undefined;
  /** What to build from. */
  readonly context: BuildContext;
  /** How. */
  readonly options: ImageBuildOptions;
  /** Takes the messages. */
  readonly record: BuildRecord;
  /** Stops the build. */
  readonly stop: AbortSignal;
}

/**
 * One build from its options to its image id: check, read the secrets, meet
 * the engine, open the session, post the context, read the answer; then
 * everything is closed, whatever happened.
 */
export async function runBuild(start: BuildStart): Promise<BuildResult> {
  const { engine, record, stop } = start;
  const context = withStreams(start.context);
  let { options } = start;
  /** Ends with the build, in every ending: callbacks listen to it. */
  const over = new AbortController();
  const names = namesOf(options);
  let session: OpenSession | undefined;
  let exporter: Exporter | undefined;
  try {
    const source = sortContext(context);
    if (start.settings !== undefined) {
      const { proxyPasswords, withSettings } = await import("./settings.ts");
      const settings = await start.settings();
      await record.protect(proxyPasswords(settings));
      options = withSettings(options, settings);
    }
    const plan = planBuild(options, source.kind);
    exporter = plan.output?.exporter;
    checkVerify(plan, options);
    stop.throwIfAborted();
    const inputs = await abortable(
      openInputs({ ...start, options }, source, plan, over.signal),
      stop,
    );
    const { secrets } = inputs;
    const facts = await engine.facts(stop);
    for (const warning of checkPlan(plan, facts)) record.warn(...warning);
    const podman = isPodman(facts)
      ? await import("./ways/podman.ts")
      : undefined;
    podman?.checkPodman(plan, options, secrets);
    checkStrictWay(options, engine, facts);
    await prepareExport(engine, plan, stop);
    await watchInputs(inputs, record);
    const leaks = secrets.size > 0
      ? await import("./leak_check.ts")
      : undefined;
    const said = { options, secrets, record, context: inputs.context };
    for (const warning of await leaks?.checkLeaks(said) ?? []) {
      record.warn(...warning);
    }
    /** The first thing that the engine asked for in vain, for a reason of ours. */
    let failure: Error | undefined;
    const onError = (error: Error) => failure ??= error;
    const ways = await carrySecrets({
      engine,
      plan,
      options,
      secrets,
      record,
    });
    const strict = strictnessOf(options);
    const required = secrets.size > 0 || inputs.agents !== undefined ||
      exporter !== undefined || strict.missing || strict.unused;
    if (ways.served !== undefined) {
      // Also for a build that needs nothing of it: an engine before 29.6 pulls
      // from registries with tokens only when there is one to ask.
      session = await openBuildSession(engine, {
        services: {
          secrets: ways.served,
          ...await servicesOf(inputs, record),
        },
        onError,
        sharedKey: inputs.context.sharedKey,
        required,
        signal: stop,
        record,
      });
    } else checkUnserved(inputs);
    const logins = session === undefined
      ? await (await import("./ways/registry_config.ts")).registryConfig({
        plan,
        options,
        facts,
        logins: inputs.logins,
        dockerfile: inputs.context.dockerfile,
        record,
      })
      : {};
    const report = facts.gateway && session === undefined &&
        plan.version === "2"
      ? new GatewayReport(secrets, strict)
      : undefined;
    let sending = await inputs.context.send(session !== undefined);
    // What podman unpacks is its own affair.
    if (podman) {
      sending = await podman.withSecretFiles(sending, secrets);
      sending = { ...sending, isGiven: false };
    }
    try {
      const imageId = await postBuild({
        engine,
        plan,
        sending,
        queryOf: podman?.podmanQuery ?? ((query) => query),
        session: session?.id ?? (options.session || undefined),
        headers: { ...ways.headers, ...logins, ...report?.headers },
        report,
        record,
        onDockerfile: (text) => leaks?.refuseLeak(said, "the Dockerfile", text),
        stop,
      });
      const secretReport = await accountForInputs(inputs, {
        options,
        strict,
        told: session !== undefined || report?.told === true,
        apiVersion: facts.apiVersion,
        record,
      });
      await session?.close();
      const verification = options.verify
        ? await (await import("./verify.ts")).verifyResult({
          engine,
          plan,
          options,
          secrets,
          imageId,
          exporter,
          record,
          stop,
        })
        : undefined;
      const exported = exporter && await commitExport(exporter, record);
      return buildResult(
        { imageId, names, secrets: secretReport, verification, exported },
        record,
      );
    } catch (error) {
      stop.throwIfAborted();
      const { explainFailure } = await import("./failure.ts");
      throw explainFailure(error, {
        store: secrets,
        session,
        served: failure,
        strict: strict.missing,
        unread: ways.unread,
        record,
      });
    } finally {
      record.end();
    }
  } catch (error) {
    // What was not sent is given back.
    for (const stream of streamsOf(context)) {
      // It is given up either way, and may take its time.
      if (!stream.locked) stream.cancel(error).catch(() => {});
    }
    await session?.close();
    if (exporter !== undefined) await exporter.discard(error);
    else await abortOutputs(Object(options).outputs, error);
    throw error;
  } finally {
    over.abort(new DOMException("The build is over", "AbortError"));
    await session?.close();
  }
}

/** Refuses what can only be had over a session, where there is none. */
function checkUnserved({ agents, exporter }: BuildInputs): void {
  if (agents === undefined && exporter === undefined) return;
  const what = agents !== undefined ? "ssh" : "an export";
  throw new UnsupportedError(
    what,
    `Cannot build with ${what}: it takes a session with the engine, and this transport or engine can not serve one; use a Docker engine's own socket`,
  );
}

/** A stream for a result that there won't be: the build failed before it was taken. */
async function abortOutputs(
  outputs: ImageBuildOptions["outputs"],
  reason: unknown,
): Promise<void> {
  if (typeof outputs === "string") return;
  for (const output of [outputs].flat() as unknown[]) {
    const { dest } = (output ?? {}) as { dest?: unknown };
    if (!(dest instanceof WritableStream) || dest.locked) continue;
    await dest.abort(reason).catch(() => {}); // given up: what it says changes nothing
  }
}
