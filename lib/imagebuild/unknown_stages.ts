import { readInstructions, syntaxOf } from "../progress/dockerfile.ts";
import { isOwnSyntax } from "../progress/own_syntax.ts";
import { readFrom } from "../progress/stages.ts";
import type { Dockerfile } from "./context/offer.ts";
import type { BuildRequest } from "./request.ts";

/**
 * The names in the option `nocachefilter` that no stage has: BuildKit ignores
 * them without a word. It compares names without regard to case, and knows no
 * numbers of stages there.
 *
 * @param dockerfile The Dockerfile, if it was seen.
 * @returns None where it can't be known.
 */
export function unknownStages(
  { noCacheStages, buildArgs }: Pick<
    BuildRequest,
    "noCacheStages" | "buildArgs"
  >,
  dockerfile: Dockerfile | undefined,
): string[] {
  if (noCacheStages.length === 0 || dockerfile === undefined) return [];
  const { text } = dockerfile;
  const syntax = buildArgs?.BUILDKIT_SYNTAX ?? syntaxOf(text);
  if (syntax && !isOwnSyntax(syntax)) return [];
  const names = new Set(
    readInstructions(text)
      .filter(({ keyword }) => keyword === "FROM")
      .map(({ text }) => readFrom(text).name),
  );
  return noCacheStages.filter((name) => !names.has(name.toLowerCase()));
}
