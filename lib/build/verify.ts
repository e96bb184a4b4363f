import type { Engine } from "../engine/engine.ts";
import { imageRemove } from "../engine/image_remove.ts";
import { EngineError } from "../errors.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { KnownSecrets, SecretStore } from "../secrets/store.ts";
import { SecretLeakError } from "../verify/leak_error.ts";
import type { SecretVerification } from "../verify/verification.ts";
import { verifyExport, verifyImage } from "../verify/verify.ts";
import { warning } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import { type BuildPlan, namesOf } from "./plan.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildVerifyOptions } from "./verify_options.ts";

/** What is looked through, and for what. */
export interface BuildVerification {
  readonly engine: Engine;
  readonly plan: BuildPlan;
  readonly options: ImageBuildOptions;
  /** Those that the build was given, or could have been. */
  readonly secrets: SecretStore;
  readonly imageId: string;
  readonly exporter: Exporter | undefined;
  readonly record: BuildRecord;
  readonly stop: AbortSignal;
}

/**
 * Looks for the build's secrets in its result, before an export is put in its
 * place. Where one is found, or it can't be looked through, the image loses its
 * names.
 *
 * @throws {SecretLeakError} If one is found.
 */
export async function verifyResult(
  init: BuildVerification,
): Promise<SecretVerification> {
  const { engine, options, secrets, imageId, exporter, record, stop } = init;
  const { keepTags = false, ignore }: BuildVerifyOptions =
    typeof options.verify === "object" ? options.verify : {};
  const names = exporter === undefined ? imageNames(init) : [];
  const search = { signal: stop, ...(ignore === undefined ? {} : { ignore }) };
  const known = await knownSecrets(secrets, stop);
  let verification: SecretVerification;
  try {
    verification = exporter === undefined
      ? await verifyImage(engine, imageId, known, search)
      : await verifyExport(await exporter.staged(), known, search);
  } catch (error) {
    const removed = keepTags ? [] : await removeNames(engine, names);
    for (const name of names) {
      if (removed.includes(name)) continue;
      await record.publish(warning(
        "image-unverified",
        `${name} was built, still names the image, and could not be looked through for secrets`,
      ));
    }
    throw error;
  }
  for (const id of verification.skipped) {
    const why = known.unknown.includes(id)
      ? "its function gave no value"
      : "it has fewer than 4 bytes";
    await record.publish(warning(
      "secret-unverified",
      `secret "${id}" was not looked for in the result: ${why}`,
      id,
    ));
  }
  const { finds, findsLost } = verification;
  if (finds.length === 0 && findsLost === 0) return verification;
  const removed = keepTags ? [] : await removeNames(engine, names);
  throw new SecretLeakError({
    finds,
    findsLost,
    imageId: exporter === undefined ? imageId : "",
    removed,
    kept: names.filter((name) => !removed.includes(name)),
  });
}

/**
 * All values, those of functions too that no step has asked for: a cached step
 * asks for nothing, and its layer may hold the secret all the same.
 */
async function knownSecrets(
  secrets: SecretStore,
  stop: AbortSignal,
): Promise<KnownSecrets> {
  const unknown: string[] = [];
  // The function's own signal ends with the build, which waits for it here.
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(stop.reason);
  stop.addEventListener("abort", onAbort, { once: true });
  try {
    for (const id of secrets.deferred()) {
      stop.throwIfAborted();
      const value = secrets.peek(id).catch(() => undefined); // said in a warning
      if (await Promise.race([value, stopped]) === undefined) unknown.push(id);
    }
  } finally {
    stop.removeEventListener("abort", onAbort);
  }
  return { values: secrets.known(), unknown };
}

function imageNames({ plan, options }: BuildVerification): string[] {
  const { name = "" } = plan.output?.attrs ?? {};
  return [...new Set([...namesOf(options), ...name.split(",")])].filter(
    Boolean,
  );
}

async function removeNames(
  engine: Engine,
  names: readonly string[],
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of names) {
    try {
      await imageRemove(engine, name, { noprune: true });
      removed.push(name);
    } catch (error) {
      // A name that a running container needs stays; the caller tells of it.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return removed;
}
