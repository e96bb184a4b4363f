import { checkOptionNames } from "../option_names.ts";
import type { Engine } from "../engine/engine.ts";
import type { SecretSources } from "../secrets/source.ts";
import { type KnownSecrets, SecretStore } from "../secrets/store.ts";
import type {
  SecretVerification,
  VerifySecretsOptions,
} from "./verification.ts";

const OPTIONS = {
  ignore: true,
  signal: true,
} satisfies Record<keyof VerifySecretsOptions, true>;

// The code of the search is loaded only when it is used: most programs build
// without it.

/**
 * Reads the secrets to look for; sources that are functions are called.
 *
 * @throws {SecretError} If one can't be read.
 */
export async function openKnownSecrets(
  sources: SecretSources,
  signal: AbortSignal = new AbortController().signal,
): Promise<KnownSecrets> {
  const store = await SecretStore.open(sources, signal);
  const unknown: string[] = [];
  for (const id of store.deferred()) {
    if (await store.peek(id) === undefined) unknown.push(id);
  }
  return { values: store.known(), unknown };
}

/**
 * Looks for secrets in an image as the engine stores it.
 *
 * @throws {EngineError} If there is no such image.
 */
export async function verifyImage(
  engine: Engine,
  name: string,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  checkOptionNames("look for secrets", options, OPTIONS);
  const { searchImage } = await import("./search.ts");
  return await searchImage(engine, name, secrets, options);
}

/**
 * Looks for secrets in an exported result: a folder, or a tar as a file or a
 * stream, which may be compressed with gzip or zstd.
 *
 * @param exported A path, a `file:` URL, or a stream of a tar's bytes.
 * @param secrets The secrets in the form that `imageBuild()` takes; functions
 * are called.
 * @throws {SecretError} If a secret can't be read.
 * @throws {TypeError} If there is nothing at the path, or a file that is not a
 * tar; or if an option is wrong.
 * @throws {ProtocolError} If the tar is damaged.
 *
 * @example
 * ```ts
 * import { verifySecrets } from "@davit/build";
 *
 * const { finds } = await verifySecrets("./dist", {
 *   npm_token: { env: "NPM_TOKEN" },
 * });
 * for (const { id, path, offset } of finds) console.error(id, path, offset);
 * ```
 */
export async function verifySecrets(
  exported: string | URL | ReadableStream<Uint8Array>,
  secrets: SecretSources,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  checkOptionNames("look for secrets", options, OPTIONS);
  const known = await openKnownSecrets(secrets, options.signal);
  return await verifyExport(exported, known, options);
}

/**
 * The same as {@linkcode verifySecrets}, with secrets that were already read.
 */
export async function verifyExport(
  exported: string | URL | ReadableStream<Uint8Array>,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  const { searchExport } = await import("./search.ts");
  return await searchExport(exported, secrets, options);
}
