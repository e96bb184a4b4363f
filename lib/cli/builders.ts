// Which builder a command is about.

import {
  BuildxBuilders,
  engineAt,
  engineOfContext,
  type ListedBuilder,
} from "../buildx/builders.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

/** The variable that names a builder. */
export const BUILDER_VARIABLE = "BUILDX_BUILDER";

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
