// Which builder a command is about.

import {
  BuildxBuilders,
  engineAt,
  engineOfContext,
  type ListedBuilder,
} from "../buildx/builders.ts";
import { buildxFolder } from "../buildx/folder.ts";
import { configFolder } from "../transport/docker_config.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

/** The variable that names a builder. */
const BUILDER_VARIABLE = "BUILDX_BUILDER";

/**
 * The builders in docker's and buildx's files, chosen for the engine that the
 * flags name.
 *
 * @throws {UsageError} If they name two.
 */
export function buildersFor(parsed: ParsedWords): BuildxBuilders {
  const host = parsed.text("host");
  const context = parsed.text("context");
  if (host !== undefined && context !== undefined) {
    throw new UsageError("--host and --context name two engines; give one");
  }
  return new BuildxBuilders(
    Deno.env,
    host !== undefined
      ? engineAt(host)
      : context !== undefined
      ? engineOfContext(context)
      : undefined,
  );
}

/** The name of a builder that was asked for: by a word, a flag or the variable. */
export function builderAskedFor(
  parsed: ParsedWords,
  word?: string,
): string | undefined {
  return word || parsed.text("builder") ||
    grantedEnvironment.get(BUILDER_VARIABLE) || undefined;
}

/** The builder that was asked for, or else the chosen one. */
export async function builderFor(
  builders: BuildxBuilders,
  name: string | undefined,
): Promise<ListedBuilder> {
  return name === undefined
    ? await builders.current()
    : await builders.named(name);
}

/** A builder, and where it was found. */
export interface ChosenBuilder {
  readonly builders: BuildxBuilders;
  readonly builder: ListedBuilder;
  /** What has chosen it. */
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
  if (name === undefined && !mayRead()) return undefined;
  const builders = buildersFor(parsed);
  const { context } = await builders.engine();
  const builder = name === undefined
    ? await builders.chosen()
    : await builders.named(name);
  return builder === undefined || builder.isContext && builder.name === context
    ? undefined
    : { builders, builder, why: reasonOf(parsed) };
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
