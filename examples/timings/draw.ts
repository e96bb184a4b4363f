/**
 * Draws the picture of a build that was recorded: the timings of a build are
 * plain data, and can be kept as JSON.
 *
 *     deno run -A examples/timings/draw.ts
 *
 * @module
 */
import { type BuildTimings, timingsSvg } from "../../lib/timings/mod.ts";

const folder = import.meta.dirname!;

/** The picture of the build in `build.json`. */
export async function drawBuild(): Promise<string> {
  const json = await Deno.readTextFile(`${folder}/build.json`);
  const timings: BuildTimings = JSON.parse(json);
  // JSR takes a file for an SVG only if nothing stands behind the last tag.
  return timingsSvg(timings, { title: "app:1", maxSteps: 6 }).trimEnd();
}

if (import.meta.main) {
  await Deno.writeTextFile(`${folder}/build.svg`, await drawBuild());
}
