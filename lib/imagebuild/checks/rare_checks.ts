import type { ImageBuildOptions } from "../options.ts";

/**
 * The checks of options that most builds do without; each is there where its
 * option is given.
 */
export interface RareChecks {
  readonly annotations?: typeof import("./annotations.ts");
  readonly attestations?: typeof import("./attestations.ts");
  readonly cache?: typeof import("./cache.ts");
  readonly imageOutput?: typeof import("./image_output.ts");
  readonly inlineCache?: typeof import("./inline_cache.ts");
  readonly names?: typeof import("./names.ts");
  readonly output?: typeof import("./output.ts");
  readonly sourcePolicy?: typeof import("./source_policy.ts");
  readonly verify?: typeof import("./verify.ts");
}

/**
 * Loads the checks that these options need: loading modules is most of the time
 * that a program takes to start.
 *
 * @param options The options as they were given, not checked yet.
 */
export async function loadChecks(
  options: ImageBuildOptions,
): Promise<RareChecks> {
  const given: ImageBuildOptions = Object(options);
  const hasCache = given.cachefrom !== undefined || given.cacheto !== undefined;
  const hasNames = given.allow !== undefined ||
    given.nocachefilter !== undefined;
  return {
    ...given.annotations !== undefined &&
      { annotations: await import("./annotations.ts") },
    ...given.attest !== undefined &&
      { attestations: await import("./attestations.ts") },
    ...hasCache && {
      cache: await import("./cache.ts"),
      inlineCache: await import("./inline_cache.ts"),
    },
    ...hasNames && { names: await import("./names.ts") },
    ...given.outputs !== undefined && {
      output: await import("./output.ts"),
      imageOutput: await import("./image_output.ts"),
    },
    ...given.sourcePolicy !== undefined &&
      { sourcePolicy: await import("./source_policy.ts") },
    ...given.verify !== undefined &&
      { verify: await import("./verify.ts") },
  };
}
