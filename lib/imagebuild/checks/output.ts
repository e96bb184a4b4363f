// The check of the option `outputs`: where the result of a build goes.

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
import { isImage, type RequestedOutput } from "./requested_output.ts";
import { checkSwitch, parseJson } from "./values.ts";

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

/** Whether an output is an image, in the engine's store or in an archive. */
export function holdsImage(output: RequestedOutput): boolean {
  return isImage(output) || isImageType(output.type);
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
