import type { Engine } from "../engine/engine.ts";
import { SecretError } from "../errors.ts";
import type { SecretReport, SecretStore } from "../secrets/store.ts";
import { explainFailure } from "./failure.ts";
import { warning } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import { checkPlan, namesOf, planBuild } from "./plan.ts";
import { postBuild } from "./post.ts";
import { BuildRecord, type Publish } from "./record.ts";
import { type BuildResult, buildResult } from "./result.ts";
import { carrySecrets, openSecrets, type SecretWays } from "./secrets.ts";

/** The report on secrets that nobody asked davit for. */
const UNASKED: SecretReport = { served: [], missing: [], unused: [] };

/**
 * One build from its options to its image id: check, read the secrets, meet
 * the engine, open the session, post the context, read the answer; then
 * everything is closed, whatever happened.
 */
export async function runBuild(
  engine: Engine,
  context: ReadableStream<Uint8Array>,
  options: ImageBuildOptions,
  write: Publish,
  cancelled: AbortSignal,
): Promise<BuildResult> {
  const signals = [cancelled, ...(options.signal ? [options.signal] : [])];
  const stop = AbortSignal.any(signals);
  /** Ends with the build, in every ending: secrets' callbacks listen to it. */
  const over = new AbortController();
  const names = namesOf(options);
  const record = new BuildRecord(write, names);
  let ways: SecretWays | undefined;
  try {
    checkContext(context);
    const plan = planBuild(options);
    stop.throwIfAborted();
    const store = await openSecrets(plan, options, over.signal);
    const facts = await abortable(engine.facts(), stop);
    for (const message of [...plan.warnings, ...checkPlan(plan, facts)]) {
      await record.publish(message);
    }
    await record.protect(store.atHand());
    store.onUse = (use) => record.use(use);
    store.onValue = (id, secret) => record.protect([[id, secret]]);
    ways = await carrySecrets(engine, plan, options, store, stop, record);
    const strict = options.strictSecrets ?? false;
    try {
      const imageId = await postBuild({
        engine,
        plan,
        context,
        session: ways.session,
        headers: ways.headers,
        record,
        stop,
      });
      if (ways.served) await accountForSecrets(store, strict, record);
      const report = ways.served ? store.report() : UNASKED;
      return buildResult(imageId, names, record, report);
    } catch (error) {
      stop.throwIfAborted();
      throw explainFailure(error, { store, ways, strict, record });
    } finally {
      await record.end();
    }
  } catch (error) {
    // What was not sent is given back.
    if (isStream(context) && !context.locked) {
      await context.cancel(error).catch(() => {}); // it is given up either way
    }
    throw error;
  } finally {
    over.abort(new DOMException("The build is over", "AbortError"));
    await ways?.close();
  }
}

function checkContext(context: unknown): void {
  if (!isStream(context)) {
    throw new TypeError(
      "Cannot build: the context is a ReadableStream of a tar's bytes, as in (await Deno.open(path)).readable",
    );
  }
  if (context.locked) {
    throw new TypeError(
      "Cannot build: the context stream is in use by another reader",
    );
  }
}

function isStream(context: unknown): context is ReadableStream<Uint8Array> {
  return typeof (context as { getReader?: unknown } | null)?.getReader ===
    "function";
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
