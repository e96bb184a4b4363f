import {
  descriptorOf,
  type LayoutDescriptor,
  type LayoutName,
} from "./index_file.ts";
import { DEFAULT_TAG } from "./tagged_digest.ts";

/** An image that BuildKit has written into a store. */
export interface ExportedImage {
  /** Its manifest or index. */
  readonly descriptor: LayoutDescriptor;
  /** The names that it gets in the layout, as buildx gives them. */
  readonly names: readonly LayoutName[];
}

/**
 * The image that BuildKit's answer tells of.
 *
 * @param answer What the exporters answered.
 * @returns Undefined if it tells of none.
 */
export function exportedImage(
  answer: ReadonlyMap<string, string>,
): ExportedImage | undefined {
  const descriptor = descriptorIn(answer.get("containerimage.descriptor"));
  if (descriptor === undefined) return undefined;
  const names = answer.get("image.name") ?? "";
  return {
    descriptor,
    names: names === ""
      ? [{ tag: DEFAULT_TAG }]
      : names.split(",").map((image) => ({ image, tag: tagOf(image) })),
  };
}

/** The descriptor in an answer: JSON in base64. */
function descriptorIn(text = ""): LayoutDescriptor | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return descriptorOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined; // none
  }
}

/** The tag of an image's full name. */
function tagOf(name: string): string {
  const [, tag = DEFAULT_TAG] = /:([^:/@]+)$/.exec(name) ?? [];
  return tag;
}
