import { parseImageReference } from "../../engine/image_reference.ts";
import { readInstructions } from "../../progress/dockerfile.ts";
import { readFrom } from "../../progress/stages.ts";
import {
  type BuildArgs,
  expand,
  globalArgs,
} from "../../progress/variables.ts";

/** Where COPY and ADD name an image or a stage, and where a mount of RUN does. */
const FROM_FLAG_REGEXP = /\s--(?:from=|mount=(?:\S*,)?from=)([^\s,]+)/g;

/**
 * The registries that a Dockerfile's images come from, each once; what can't be
 * told is left out.
 *
 * @param buildargs Values for the arguments that stand before the first stage.
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
      // The builder will say what is wrong with it.
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
