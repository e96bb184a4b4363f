// What a build asks of its outputs; how they are checked is in output.ts, which
// most builds do without.

import type { Exporter } from "../../exporter/exporter.ts";
import type { LayoutExporter } from "../../layout/layout_exporter.ts";

/** An output that was checked. */
export interface RequestedOutput {
  /** Name of the engine's exporter. */
  readonly type: string;
  /**
   * The exporter's attributes, without those that are for the client (`dest`).
   */
  readonly attrs: Readonly<Record<string, string>>;
  /** Receives the result, if it comes back to the client. */
  readonly exporter?: Exporter;
  /** The same, where the result is an image that is written into a folder. */
  readonly layout?: LayoutExporter;
}

/** The names of an image that its output gives, besides the option `tag`. */
export function namesOf(output: RequestedOutput): string[] {
  const { name = "" } = isImage(output) ? output.attrs : {};
  return name.split(",").filter(Boolean);
}

/** Whether an output makes an image that the engine keeps or pushes. */
export function isImage({ type, exporter }: RequestedOutput): boolean {
  return type !== "cacheonly" && exporter === undefined;
}

/**
 * The outputs in the order in which an engine is asked for them. Images come
 * last: BuildKit answers for all outputs in one map, in which the last one wins,
 * and the image's id is read from it. The output `cacheonly` is none. An engine
 * names an output by its index in this list.
 */
export function sentOutputs(
  outputs: readonly RequestedOutput[],
): readonly RequestedOutput[] {
  return [
    ...outputs.filter(({ exporter }) => exporter !== undefined),
    ...outputs.filter(isImage),
  ];
}

/**
 * Whether the engine itself pushes the result to a registry (BuildKit's
 * exporter `image`).
 */
export function isPushed({ attrs }: RequestedOutput): boolean {
  return ["push", "push-by-digest"].some((name) => isTrue(attrs[name]));
}

/** Whether BuildKit takes the value of an attribute as true. */
export function isTrue(value = "false"): boolean {
  // The values that Go's strconv.ParseBool reads as false; BuildKit reads an
  // empty one as true.
  return !["0", "f", "F", "false", "FALSE", "False"].includes(String(value));
}
