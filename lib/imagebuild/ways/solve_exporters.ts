// Outputs as BuildKit's exporters: which exporter stands for an output, and
// with which attributes.

import { fullImageName } from "../../engine/image_reference.ts";
import type { RequestedAnnotation } from "../checks/annotations.ts";
import { holdsImage } from "../checks/output.ts";
import { isImage, sentOutputs } from "../checks/requested_output.ts";
import type { BuildHost } from "../host.ts";
import type { BuildRequest } from "../request.ts";
import { storeExporter } from "./store_exporter.ts";

/** An exporter of BuildKit, as it is asked for. */
export interface AskedExporter {
  /** Its type, such as `moby` or `local`. */
  readonly type: string;
  /** Its attributes. */
  readonly attrs: Readonly<Record<string, string>>;
}

/**
 * The exporters of a request, in the order of {@linkcode sentOutputs}.
 *
 * @param host Whether there is an engine's store, which is meant where no output
 * is named.
 */
export function solveExporters(
  { outputs, tags, annotations }: BuildRequest,
  { keepsImages }: Pick<BuildHost, "keepsImages">,
): readonly AskedExporter[] {
  const asked = outputs.length === 0 && keepsImages
    ? [{ type: "moby", attrs: {} }]
    : sentOutputs(outputs);
  return asked.map((output): AskedExporter => {
    const { type, attrs } = output;
    if (!holdsImage(output)) return { type, attrs };
    // The tags hold the names of an output into the store; an archive may
    // have names of its own.
    const isStored = isImage(output);
    const names = isStored || attrs.name === undefined
      ? tags
      : attrs.name.split(",").filter(Boolean);
    return {
      type: !isStored ? type : keepsImages ? storeExporter(attrs) : "image",
      attrs: {
        ...Object.fromEntries(annotations.map(annotationAttr)),
        ...attrs,
        ...(names.length === 0 ? {} : { name: fullNames(names) }),
      },
    };
  });
}

/**
 * The names of an image in full. The exporter `image` stores a short name as it
 * is, and the engine then does not find it.
 */
function fullNames(names: readonly string[]): string {
  return [...new Set(names.map((name) => fullImageName(name)))].join(",");
}

/** An annotation as BuildKit's image exporters take it. */
function annotationAttr(
  { part, platform, key, value }: RequestedAnnotation,
): [name: string, value: string] {
  const kind = part === undefined ? "" : `-${part}`;
  const where = platform === undefined ? "" : `[${platform}]`;
  return [`annotation${kind}${where}.${key}`, value];
}
