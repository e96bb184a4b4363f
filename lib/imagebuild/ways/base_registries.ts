import { parseImageReference } from "../../engine/image_reference.ts";
import { readInstructions } from "../../progress/dockerfile.ts";
import { readFrom } from "../../progress/stages.ts";
import {
  type BuildArgs,
  expand,
  globalArgs,
} from "../../progress/variables.ts";

/** The flags of COPY, ADD and RUN's mounts that name an image or a stage. */
const FROM_FLAG_REGEXP = /\s--(?:from=|mount=(?:\S*,)?from=)([^\s,]+)/g;

/**
 * The registries of the images that a Dockerfile names, each once. A name that
 * can't be resolved is left out.
 *
 * @param buildargs Values of the arguments that are declared before the first
 * stage.
 */
export function baseRegistries(
  dockerfile: string,
  buildargs: BuildArgs = {},
): string[] {
  const instructions = readInstructions(dockerfile);
  const values = globalArgs(instructions, buildargs);
  const stages = new Set<string>(["scratch"]);
  const registries = new Set<string>();
  const use = (name: string) => {
    const image = expand(name, values);
    if (stages.has(image.toLowerCase()) || /^\d*$/.test(image)) return;
    try {
      registries.add(parseImageReference(image).registry);
    } catch {
      // The name is no image reference: the builder will report that.
    }
  };
  for (const { keyword, text } of instructions) {
    if (keyword === "FROM") {
      const { base, name } = readFrom(text);
      use(base);
      if (name !== undefined) stages.add(name);
    } else if (keyword === "COPY" || keyword === "ADD" || keyword === "RUN") {
      for (const [, name] of text.matchAll(FROM_FLAG_REGEXP)) use(name!);
    }
  }
  return [...registries];
}
