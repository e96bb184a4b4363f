import type { Engine } from "../engine/engine.ts";
import { imageRemove } from "../engine/image_remove.ts";
import { EngineError } from "../errors.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { SecretStore } from "../secrets/store.ts";
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
  const known = secrets.known();
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
    await record.publish(warning(
      "secret-unverified",
      `secret "${id}" was not looked for in the result: it has fewer than 4 bytes`,
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
