/**
 * Where the time of an image build went: a picture of its steps, as
 * `cargo build --timings` draws one.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsHtml } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app", { tag: "app" }).result();
 * const timings = await buildTimings(result);
 * console.log(timings.summary.join("\n"));
 * await Deno.writeTextFile("timings.html", timingsHtml(timings));
 * ```
 *
 * @module
 */
export { buildTimings } from "./build_timings.ts";
export {
  compareTimings,
  type StepChange,
  type TimingsComparison,
} from "./compare.ts";
export { timingsHtml, type TimingsHtmlOptions } from "./html.ts";
export { readTimings } from "./read_timings.ts";
export { type SavedStep, type SavedTimings, timingsJson } from "./saved.ts";
export { timingsSvg, type TimingsSvgOptions } from "./svg.ts";
export { timingsText, type TimingsTextOptions } from "./text.ts";
export type {
  BuildTimings,
  CriticalStep,
  LineTime,
  TimedDockerfile,
  TimedFailure,
  TimedPeriod,
  TimedStep,
  TimedTransfer,
  TimedWarning,
} from "./timings.ts";
