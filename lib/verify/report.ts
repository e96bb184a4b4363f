import type { Redactor } from "../redact/redactor.ts";
import type { RawFind, SecretFind } from "./find.ts";
import type { ImageLayout } from "./image_layout.ts";

/** The layout of an export, which has no layers. */
const NO_LAYOUT: Pick<ImageLayout, "isImage" | "layers"> = {
  isImage: false,
  layers: new Map(),
};

/**
 * Turns finds into reports: with the secrets' ids, the layers, and masked
 * paths.
 *
 * @param ids The ids of the values, in their order.
 */
export function reportFinds(
  finds: readonly RawFind[],
  ids: readonly string[],
  mask: Redactor,
  layout: Pick<ImageLayout, "isImage" | "layers"> = NO_LAYOUT,
): SecretFind[] {
  const names = new Set(
    finds.filter(({ part }) => part === "name").map((find) => nameKey(find)),
  );
  const own = finds.filter((find) => !repeats(find, names));
  const numberOf = ({ blob }: RawFind) =>
    layout.layers.get(blob)?.number ?? Infinity;
  // Layers may be in any order in an archive; finds outside of layers come
  // last.
  own.sort((a, b) => Math.sign(numberOf(a) - numberOf(b)) || 0);
  return own.map((find) => {
    const { value, form, part, offset, packed, count } = find;
    const layer = part === "file" || part === "name"
      ? layout.layers.get(find.blob)
      : undefined;
    return {
      id: ids[value]!,
      form,
      part,
      ...(layer === undefined ? {} : {
        layer: layer.digest,
        layerNumber: layer.number,
        ...(layer.instruction === undefined
          ? {}
          : { instruction: mask.text(layer.instruction) }),
      }),
      path: mask.text(pathOf(find, layer !== undefined, layout.isImage)),
      offset,
      ...(packed === undefined ? {} : { packed }),
      count,
    };
  });
}

/** Names a place, with secrets masked. */
export function tellPlace(
  { blob, path }: Pick<RawFind, "blob" | "path">,
  mask: Redactor,
  { layers }: Pick<ImageLayout, "isImage" | "layers"> = NO_LAYOUT,
): string {
  const layer = layers.get(blob);
  const parts = layer === undefined
    ? [[blob, path].filter(Boolean).join("!/")]
    : [`layer ${layer.number}`, ...path === "" ? [] : [path]];
  return mask.text(parts.join(", "));
}

function pathOf(
  { blob, path }: RawFind,
  inLayer: boolean,
  isImage: boolean,
): string {
  if (inLayer || blob === "") return path;
  // The field's name is enough: an image has one configuration.
  if (isImage && path !== "") return path;
  return path === "" ? blob : `${blob}!/${path}`;
}

/** A key by which a find in the name of this path can be recognised. */
function nameKey(
  { blob, value, form, path }: RawFind,
  folder: string = path,
): string {
  return JSON.stringify([blob, value, form, folder.replace(/\/$/, "")]);
}

/** Whether the same find is already reported for the name of a folder above. */
function repeats(find: RawFind, names: ReadonlySet<string>): boolean {
  const { part, path } = find;
  if (part !== "name") return false;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    const isOwn = at === path.length - 1;
    if (!isOwn && names.has(nameKey(find, path.slice(0, at)))) return true;
  }
  return false;
}
