// The exporter for the engine's own image store, for both of its APIs.

/**
 * Attributes that the exporter `moby` does not take: it unpacks every image,
 * and `rewrite-timestamp` conflicts with that.
 */
const NOT_FOR_MOBY: readonly string[] = [
  "rewrite-timestamp",
  "store",
  "unpack",
];

/**
 * The exporter for an output into the engine's image store. With containerd's
 * store the exporters `moby` and `image` do the same but for some attributes;
 * with graph drivers there is `moby` alone.
 */
export function storeExporter(
  attrs: Readonly<Record<string, string>>,
): "moby" | "image" {
  return NOT_FOR_MOBY.some((name) => attrs[name] !== undefined)
    ? "image"
    : "moby";
}
