import { SecretError } from "../errors.ts";
import { createRedactor } from "../redact/redactor.ts";
import type { SecretStore } from "../secrets/store.ts";
import { warning, type WarningMessage } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildRecord } from "./record.ts";
import type { PreparedContext } from "./sending.ts";

/** What a build says openly, and what it must not say. */
export interface LeakCheck {
  /** Build arguments, labels, and where secrets come from. */
  readonly options: ImageBuildOptions;
  /** The secrets, those of functions not among them yet. */
  readonly secrets: SecretStore;
  /** Knows how a secret looks in every encoding. */
  readonly record: BuildRecord;
  /** What is sent. */
  readonly context: PreparedContext;
}

/**
 * Refuses a text that everybody would see: build arguments and labels are in an
 * image's history and configuration, a Dockerfile is in the log. Values of fewer
 * than 4 bytes are not looked for.
 *
 * @param what Names it, for the error.
 * @throws {SecretError} If it holds a secret.
 */
export function refuseLeak(
  { secrets, record }: Pick<LeakCheck, "secrets" | "record">,
  what: string,
  text: string,
): void {
  if (secrets.size === 0 || record.text(text) === text) return;
  const [id = ""] =
    secrets.atHand().find(([, secret]) =>
      createRedactor([secret.reveal()]).text(text) !== text
    ) ?? [];
  // A login's password is masked, too; of those nothing is refused here.
  if (id === "") return;
  throw new SecretError(
    id,
    `Cannot build: ${what} holds the value of secret "${id}", and is stored with the image or its log; mount the secret where it is used`,
  );
}

/**
 * Looks for the secrets in all that is known before anything is sent. The
 * Dockerfile of a tar is looked at on its way; one that the engine fetches, or
 * in a compressed tar, is not known here.
 *
 * @returns Warnings of files with secrets that `COPY` would take.
 * @throws {SecretError} If one holds a secret.
 */
export async function checkLeaks(check: LeakCheck): Promise<WarningMessage[]> {
  const { options, secrets, context } = check;
  if (secrets.size === 0) return [];
  for (const [index, [name, value]] of entriesOf(options.buildargs).entries()) {
    refuseLeak(check, `the name of build argument number ${index + 1}`, name);
    refuseLeak(
      check,
      `the build argument ${JSON.stringify(name)}`,
      value ?? "",
    );
  }
  for (const [index, entry] of entriesOf(options.labels).entries()) {
    refuseLeak(check, `label number ${index + 1}`, entry.join("="));
  }
  if (context.dockerfile !== undefined) {
    refuseLeak(check, "the Dockerfile", context.dockerfile.text);
  }
  return await filesInContext(options, context);
}

/** Names and values, given as an object or as its JSON, which was checked before. */
function entriesOf(
  map: string | Readonly<Record<string, string | null>> = {},
): [string, string | null][] {
  return Object.entries(typeof map === "string" ? JSON.parse(map) : map);
}

async function filesInContext(
  { secrets = {} }: ImageBuildOptions,
  context: PreparedContext,
): Promise<WarningMessage[]> {
  const warnings: WarningMessage[] = [];
  for (const [id, source] of Object.entries(secrets)) {
    if (typeof source !== "object" || !("file" in source)) continue;
    const path = await context.find(source.file);
    if (path === undefined) continue;
    warnings.push(warning(
      "secret-in-context",
      `the file of secret "${id}" lies in the context as ${
        JSON.stringify(path)
      }, and COPY can take it into the image: name it in .dockerignore`,
      id,
    ));
  }
  return warnings;
}
