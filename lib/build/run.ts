import type { Engine } from "../engine/engine.ts";
import { SecretError } from "../errors.ts";
import type { SecretStore } from "../secrets/store.ts";
import { explainFailure } from "./failure.ts";
import { type BuildMessage, warning } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import { checkPlan, planBuild } from "./plan.ts";
import { postBuild } from "./post.ts";
import { carrySecrets, openSecrets, type SecretWays } from "./secrets.ts";

/** Takes a message to the readers; a promise asks to be waited for. */
export type Publish = (message: BuildMessage) => Promise<void> | undefined;

/**
 * One build from its options to its image id: check, read the secrets, meet
 * the engine, open the session, post the context, read the answer; then
 * everything is closed, whatever happened.
 */
export async function runBuild(
  engine: Engine,
  context: ReadableStream<Uint8Array>,
  options: ImageBuildOptions,
  publish: Publish,
  cancelled: AbortSignal,
): Promise<string> {
  const signals = [cancelled, ...(options.signal ? [options.signal] : [])];
  const stop = AbortSignal.any(signals);
  /** Ends with the build, in every ending: secrets' callbacks listen to it. */
  const over = new AbortController();
  let ways: SecretWays | undefined;
  try {
    const plan = planBuild(options);
    stop.throwIfAborted();
    if (context.locked) {
      throw new TypeError(
        "Cannot build: the context stream is in use by another reader",
      );
    }
    const store = await openSecrets(plan, options, over.signal);
    const facts = await abortable(engine.facts(), stop);
    for (const message of [...plan.warnings, ...checkPlan(plan, facts)]) {
      await publish(message);
    }
    ways = await carrySecrets(engine, plan, options, store, stop, publish);
    const strict = options.strictSecrets ?? false;
    try {
      const imageId = await postBuild({
        engine,
        plan,
        context,
        session: ways.session,
        headers: ways.headers,
        publish,
        stop,
      });
      if (ways.served) await accountForSecrets(store, strict, publish);
      return imageId;
    } catch (error) {
      stop.throwIfAborted();
      throw explainFailure(error, { store, ways, strict });
    }
  } catch (error) {
    // What was not sent is given back.
    if (!context.locked) await context.cancel(error).catch(() => {});
    throw error;
  } finally {
    over.abort(new DOMException("The build is over", "AbortError"));
    await ways?.close();
  }
}

/** Says what the secrets came to, once the build went well. */
async function accountForSecrets(
  store: SecretStore,
  strict: boolean,
  publish: Publish,
): Promise<void> {
  const { missing, unused } = store.report();
  for (const id of missing) {
    const text = `secret "${id}" was asked for and not given`;
    if (strict) throw new SecretError(id, `The image was built, but ${text}`);
    await publish(warning("secret-missing", text, id));
  }
  for (const id of unused) {
    const text =
      `secret "${id}" was given and never asked for: no step that ran mounts it (a cached step asks for nothing)`;
    if (strict) throw new SecretError(id, `The image was built, but ${text}`);
    await publish(warning("secret-unused", text, id));
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
