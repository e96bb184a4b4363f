import type { Engine } from "../engine/engine.ts";
import type { CredentialStoreOptions } from "../credentials/store.ts";
import { SecretError } from "../errors.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { SecretReport, SecretStore } from "../secrets/store.ts";
import { authService } from "../session/auth.ts";
import { filesendService } from "../session/filesend.ts";
import { type BuildContext, isStream, sortContext } from "./build_context.ts";
import { commitExport, prepareExport } from "./export.ts";
import { explainFailure } from "./failure.ts";
import { openLogins, watchLogins } from "./logins.ts";
import { warning } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import { checkPlan, namesOf, planBuild } from "./plan.ts";
import { checkPodman, isPodman, withSecretFiles } from "./podman.ts";
import { postBuild } from "./post.ts";
import { BuildRecord, type Publish } from "./record.ts";
import { type BuildResult, buildResult } from "./result.ts";
import { carrySecrets, openSecrets } from "./secrets.ts";
import { PreparedContext } from "./sending.ts";
import { type BuildSession, openBuildSession } from "./session.ts";

/** The report on secrets that nobody asked davit for. */
const UNASKED: SecretReport = { served: [], missing: [], unused: [] };

/** What a build is started with. */
export interface BuildStart {
  /** Where to build. */
  readonly engine: Engine;
  /** Where logins come from, besides the options. */
  readonly logins: CredentialStoreOptions;
  /** What to build from. */
  readonly context: BuildContext;
  /** How. */
  readonly options: ImageBuildOptions;
  /** Takes the messages. */
  readonly write: Publish;
  /** Stops the build. */
  readonly cancelled: AbortSignal;
}

/**
 * One build from its options to its image id: check, read the secrets, meet
 * the engine, open the session, post the context, read the answer; then
 * everything is closed, whatever happened.
 */
export async function runBuild(start: BuildStart): Promise<BuildResult> {
  const { engine, context, options } = start;
  const signals = [
    start.cancelled,
    ...(options.signal ? [options.signal] : []),
  ];
  const stop = AbortSignal.any(signals);
  /** Ends with the build, in every ending: callbacks listen to it. */
  const over = new AbortController();
  const names = namesOf(options);
  const record = new BuildRecord(start.write, names);
  let session: BuildSession | undefined;
  let exporter: Exporter | undefined;
  try {
    const source = sortContext(context);
    const plan = planBuild(options, source.kind);
    exporter = plan.output?.exporter;
    const logins = openLogins(options, start.logins, over.signal);
    stop.throwIfAborted();
    const prepared = await PreparedContext.of(source, options);
    const store = await openSecrets(plan, options, over.signal);
    const facts = await abortable(engine.facts(), stop);
    for (const message of checkPlan(plan, facts)) await record.publish(message);
    const podman = isPodman(facts);
    if (podman) checkPodman(plan, options, store);
    await prepareExport(engine, plan, stop);
    await record.protect([...store.atHand(), ...logins.atHand()]);
    store.onUse = (use) => record.use(use);
    store.onValue = (id, secret) => record.protect([[id, secret]]);
    watchLogins(logins, record);
    /** The first thing that the engine asked for in vain, for a reason of ours. */
    let failure: Error | undefined;
    const onError = (error: Error) => failure ??= error;
    const ways = await carrySecrets(
      engine,
      plan,
      options,
      store,
      record,
      onError,
    );
    if (ways.methods !== undefined) {
      // Also for a build that needs nothing of it: an engine before 29.6 pulls
      // from registries with tokens only when there is one to ask.
      session = await openBuildSession(engine, {
        methods: [
          ...ways.methods,
          ...authService(logins, { onError }),
          ...await prepared.methods(record, onError),
          ...(exporter === undefined
            ? []
            : filesendService(exporter, { onError })),
        ],
        sharedKey: prepared.sharedKey,
        required: store.size > 0 || exporter !== undefined,
        signal: stop,
        record,
      });
    }
    const strict = options.strictSecrets ?? false;
    let sending = prepared.send(session !== undefined);
    if (podman) sending = await withSecretFiles(sending, store);
    try {
      const imageId = await postBuild({
        engine,
        plan,
        sending,
        podman,
        session: session?.id ?? (options.session || undefined),
        headers: ways.headers,
        record,
        stop,
      });
      if (session !== undefined) await accountForSecrets(store, strict, record);
      const report = session === undefined ? UNASKED : store.report();
      await session?.close();
      if (exporter !== undefined) await commitExport(exporter, record);
      return buildResult(imageId, names, record, report);
    } catch (error) {
      stop.throwIfAborted();
      throw explainFailure(error, {
        store,
        session,
        served: failure,
        strict,
        record,
      });
    } finally {
      await record.end();
    }
  } catch (error) {
    // What was not sent is given back.
    if (isStream(context) && !context.locked) {
      await context.cancel(error).catch(() => {}); // it is given up either way
    }
    await session?.close();
    await exporter?.discard(error);
    throw error;
  } finally {
    over.abort(new DOMException("The build is over", "AbortError"));
    await session?.close();
  }
}

/** Says what the secrets came to, once the build went well. */
async function accountForSecrets(
  store: SecretStore,
  strict: boolean,
  record: BuildRecord,
): Promise<void> {
  const { missing, unused } = store.report();
  for (const id of unused) record.use({ id, state: "unused" });
  const faults = [
    ...missing.map((id) =>
      [
        "secret-missing",
        id,
        `secret "${id}" was asked for and not given`,
      ] as const
    ),
    ...unused.map((id) =>
      [
        "secret-unused",
        id,
        `secret "${id}" was given and never asked for: no step that ran mounts it (a cached step asks for nothing)`,
      ] as const
    ),
  ];
  for (const [code, id, text] of faults) {
    if (strict) throw new SecretError(id, `The image was built, but ${text}`);
    await record.publish(warning(code, text, id));
  }
}

async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
