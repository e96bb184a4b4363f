// The check of the option `outputs`: where the result of a build goes.

import type { Exporter } from "../../exporter/exporter.ts";
import {
  IMAGE_FORMAT,
  imageFormatAttrs,
  withFormat,
} from "../../exporter/image_format.ts";
import { checkExport, isExport, isImageType } from "../../exporter/output.ts";
import { LayoutExporter } from "../../layout/layout_exporter.ts";
import { checkOptionNames } from "../../option_names.ts";
import { isPlainObject, plainObjectHint } from "../../plain_object.ts";
import type { BuildOutput } from "../output_options.ts";
import { checkSwitch, parseJson } from "./values.ts";

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

/**
 * Types of outputs that stay in the engine, or that the engine pushes to a
 * registry.
 */
const ENGINE_OUTPUTS: readonly string[] = [
  "moby",
  "image",
  "registry",
  "cacheonly",
];

/**
 * Checks the option `outputs`.
 *
 * @returns The outputs in their order; none where the result is an image in the
 * engine's store.
 * @throws {TypeError} If the option has another form, or two outputs exclude
 * each other.
 * @throws {UnsupportedError} If davit can't receive one of them.
 */
export function checkOutputs(
  given: string | BuildOutput | readonly BuildOutput[],
): readonly RequestedOutput[] {
  const value: unknown = typeof given === "string"
    ? parseOutputs(given)
    : given;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const outputs = list.map(checkOutput);
  if (outputs.filter(isImage).length > 1) {
    throw new TypeError(
      "Cannot use outputs: two are images in the engine's store; give one, with all names",
    );
  }
  if (outputs.length > 1 && outputs.some(keepsNothing)) {
    throw new TypeError(
      'Cannot use outputs: "cacheonly" stands for no output; leave it out beside others',
    );
  }
  if (
    outputs.some(({ layout }) => layout !== undefined) &&
    outputs.filter(holdsImage).length > 1
  ) {
    throw new TypeError(
      "Cannot use outputs: an image that is a folder (tar: false) is the only image of its build; build again for the other, which the cache makes cheap",
    );
  }
  return outputs;
}

function keepsNothing({ type }: RequestedOutput): boolean {
  return type === "cacheonly";
}

/** The options of an image in the engine's store. */
const IMAGE = {
  type: true,
  Type: true,
  attrs: true,
  Attrs: true,
  push: true,
  ...IMAGE_FORMAT,
} satisfies Record<string, true>;

function checkOutput(given: unknown): RequestedOutput {
  const entry = Object(given) as Readonly<Record<string, unknown>>;
  const type = entry.type ?? entry.Type;
  const attrs = entry.attrs ?? entry.Attrs ?? {};
  if (typeof type !== "string" || type === "" || !isPlainObject(attrs)) {
    throw new TypeError(
      `Cannot use outputs: expected { type, attrs }, of which attrs is an object of names to text${
        plainObjectHint(attrs)
      }`,
    );
  }
  if (isExport(type)) {
    let layout: LayoutExporter | undefined;
    const checked = checkExport(
      type,
      entry,
      (dest) => layout = new LayoutExporter(dest),
    );
    return layout === undefined ? checked : { ...checked, layout };
  }
  if (!ENGINE_OUTPUTS.includes(type)) {
    throw new TypeError(
      `Cannot use outputs of type ${JSON.stringify(type)}: expected one of ${
        ["local", "tar", "oci", "docker", ...ENGINE_OUTPUTS].join(", ")
      }`,
    );
  }
  checkOptionNames("use the output", entry, IMAGE);
  const own = attrs as Readonly<Record<string, string>>;
  const push = entry.push === undefined
    ? {}
    : { push: `${checkSwitch("push", entry.push)}` };
  const format = { ...imageFormatAttrs(entry), ...push };
  return type === "registry"
    ? { type: "image", attrs: withFormat({ push: "true", ...own }, format) }
    : { type, attrs: withFormat(own, format) };
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

/** Whether an output is an image, in the engine's store or in an archive. */
export function holdsImage(output: RequestedOutput): boolean {
  return isImage(output) || isImageType(output.type);
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

/**
 * Parses outputs that are given as JSON, the form of Docker's API. Text that is
 * no JSON is mostly the path of a folder, so the error shows how to write that.
 */
function parseOutputs(text: string): unknown {
  if (/^\s*[[{]/.test(text)) return parseJson("outputs", text);
  throw new TypeError(
    `Cannot use outputs ${
      JSON.stringify(text)
    }: for a folder write { type: "local", dest: ${
      JSON.stringify(text)
    } }, for an archive { type: "tar", dest: "out.tar" }`,
  );
}
