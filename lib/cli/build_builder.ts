// Which builder `davit build` takes.

import { buildxFolder } from "../buildx/folder.ts";
import { configFolder } from "../transport/docker_config.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import type { FoundBuilder } from "./builders.ts";
import type { ParsedWords } from "./flag.ts";
import { loadModule } from "./load_module.ts";

/** The variable that names a builder. */
const BUILDER_VARIABLE = "BUILDX_BUILDER";

/** The name of a builder that was asked for: by a word, a flag or the variable. */
export function builderAskedFor(
  parsed: ParsedWords,
  word?: string,
): string | undefined {
  return word || parsed.text("builder") ||
    grantedEnvironment.get(BUILDER_VARIABLE) || undefined;
}

/** A builder, and what has chosen it. */
export interface ChosenBuilder extends FoundBuilder {
  /** What has chosen it, as a sentence goes on: `by --builder`. */
  readonly why: string;
}

/**
 * The builder of `davit build`: that of `--builder` or BUILDX_BUILDER, or else the
 * one that is chosen for the engine of the flags.
 *
 * @returns undefined where an engine builds itself that the flags name as well.
 * @throws {BuilderError} If the one that was named is not there.
 */
export async function buildBuilder(
  parsed: ParsedWords,
): Promise<ChosenBuilder | undefined> {
  const name = builderAskedFor(parsed);
  if (name === undefined && !(mayRead() && await areThere())) return undefined;
  const { findBuilder } = await loadModule<typeof import("./builders.ts")>(
    "./builders.ts",
  );
  const found = await findBuilder(parsed, name);
  return found && { ...found, why: reasonOf(parsed) };
}

/**
 * Whether any builder has a file. Where none has, none can be chosen, and what
 * reads such files is not loaded.
 */
async function areThere(): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(`${buildxFolder()}/instances`)) {
      return true;
    }
    return false;
  } catch (error) {
    // Who reads the folder says what is wrong with it.
    return !(error instanceof Deno.errors.NotFound);
  }
}

function reasonOf(parsed: ParsedWords): string {
  return parsed.text("builder") !== undefined
    ? "by --builder"
    : builderAskedFor(parsed) !== undefined
    ? `by ${BUILDER_VARIABLE}`
    : 'chosen by "docker buildx use" or "davit builder use"';
}

/**
 * Whether Deno may look for a builder that nobody has named. A program without
 * that permission builds with the engine, and is not prompted.
 */
function mayRead(): boolean {
  const isGranted = (descriptor: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted";
  const names = [
    ...["BUILDX_CONFIG", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST"],
    ...["HOME", "USERPROFILE", "DOCKER_TLS_VERIFY"],
  ];
  if (!names.every((variable) => isGranted({ name: "env", variable }))) {
    return false;
  }
  const hasHome = ["BUILDX_CONFIG", "DOCKER_CONFIG", "HOME", "USERPROFILE"]
    .some((name) => Deno.env.get(name));
  return hasHome && isGranted({ name: "read", path: buildxFolder() }) &&
    isGranted({ name: "read", path: configFolder() });
}
