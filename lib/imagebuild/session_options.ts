import { UnsupportedError } from "../errors.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { type CheckedOutput, checkSwitch } from "./check.ts";
import type { ImageBuildOptions } from "./options.ts";
import { checkStrictOption } from "./strict.ts";

/**
 * How secrets are to travel.
 *
 * @throws {TypeError} If they can't travel that way.
 * @throws {UnsupportedError} If this builder can't tell of them.
 */
export function checkSecretOptions(
  options: ImageBuildOptions,
  version: "1" | "2",
): void {
  checkStrictOption(options, version);
  if (options.allowSecretFiles !== undefined) {
    checkSwitch("allowSecretFiles", options.allowSecretFiles);
  }
  const { secrets, secretsVia: via = "auto", session } = options;
  if (!["auto", "session", "header"].includes(via)) {
    throw new TypeError(
      'Cannot build: secretsVia is one of "auto", "session" and "header"',
    );
  }
  if (
    session !== undefined && session !== false &&
    (typeof session !== "string" || session === "")
  ) {
    throw new TypeError("Cannot build: session is the id of one, or false");
  }
  if (secrets === undefined) return;
  if (!isPlainObject(secrets)) {
    throw new TypeError(
      `Cannot build: secrets is an object of ids to sources${
        plainObjectHint(secrets)
      }`,
    );
  }
  if (version === "1" || Object.keys(secrets).length === 0) return;
  if (session !== undefined && via !== "header") {
    throw new TypeError(
      'Cannot build: secrets are served over a session of davit\'s own; leave the option session out, or use secretsVia: "header"',
    );
  }
}

/**
 * What needs a session of davit's own must not be told to do without.
 *
 * @throws {UnsupportedError} If it is.
 * @throws {TypeError} If an option has the wrong form.
 */
export function checkSessionOptions(
  output: CheckedOutput | undefined,
  options: ImageBuildOptions,
): void {
  const feature = output?.exporter !== undefined
    ? `output "${output.type}"`
    : options.ssh !== undefined && options.version !== "1"
    ? "ssh"
    : undefined;
  if (feature === undefined) return;
  const why = options.version === "1"
    ? 'the classic builder (version "1") makes images only'
    : options.session !== undefined
    ? "it comes over a session of davit's own; leave the option session out"
    : options.secretsVia === "header"
    ? 'it comes over a session, and secretsVia: "header" means none'
    : undefined;
  if (why === undefined) return;
  throw new UnsupportedError(feature, `Cannot build with ${feature}: ${why}`);
}
