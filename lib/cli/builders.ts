// Which builder a command is about.

import {
  BuildxBuilders,
  engineAt,
  engineOfContext,
  type ListedBuilder,
} from "../buildx/builders.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

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
export interface FoundBuilder {
  readonly builders: BuildxBuilders;
  readonly builder: ListedBuilder;
}

/**
 * The builder of a name, or else the one that is chosen for the engine of the
 * flags.
 *
 * @returns undefined where an engine builds itself that the flags name as well.
 * @throws {BuilderError} If the one that was named is not there.
 */
export async function findBuilder(
  parsed: ParsedWords,
  name: string | undefined,
): Promise<FoundBuilder | undefined> {
  const builders = buildersFor(parsed);
  const { context } = await builders.engine();
  const builder = name === undefined
    ? await builders.chosen()
    : await builders.named(name);
  return builder === undefined || builder.isContext && builder.name === context
    ? undefined
    : { builders, builder };
}
