import type { Dockerfile } from "./context/offer.ts";
import type { BuildRequest } from "./request.ts";

/**
 * The contexts by name that nothing in a build has used: the engine has a step
 * for each that it loads, and neither the Dockerfile nor a build argument has
 * the name. BuildKit ignores them without a word.
 *
 * @param steps Names of the steps that the engine reported; none where it was
 * to report nothing.
 * @param dockerfile The Dockerfile, if it was seen.
 * @returns None where it can't be known.
 */
export function unusedContexts(
  { contexts, buildArgs }: Pick<BuildRequest, "contexts" | "buildArgs">,
  steps: readonly string[],
  dockerfile: Dockerfile | undefined,
): string[] {
  if (dockerfile === undefined || steps.length === 0) return [];
  const texts = [dockerfile.text, ...Object.values(buildArgs ?? {})]
    .map((text) => text?.toLowerCase());
  return [...contexts.keys()].filter((name) => {
    // With several platforms, a step's name may tell the platform, too.
    const isLoaded = steps.some((step) =>
      step.includes(`[context ${name}]`) ||
      step.includes(`[context ${name}::`) ||
      step.includes(` context ${name}]`)
    );
    // Stages that are not built may have it.
    return !isLoaded &&
      !texts.some((text) => text?.includes(name.toLowerCase()));
  });
}
