import { printable } from "../display/printable.ts";
import type { ImagetoolsInspection } from "../imagetools/result.ts";
import { formatPlatform } from "../platforms/platform.ts";
import type { Descriptor } from "../registry/descriptor.ts";

/** A line of two columns. */
type Row = readonly [first: string, second: string];

/** What a registry has under a name, in the words of `docker buildx`. */
export function inspectionText(
  { name, descriptor, index }: ImagetoolsInspection,
): string {
  const head = table([
    ["Name:", name],
    ["MediaType:", descriptor.mediaType],
    ["Digest:", descriptor.digest],
  ]);
  if (index === undefined) return head.join("\n");
  const lines = [...head, ...table([["", ""], ["Manifests:", ""]])];
  /** The columns of a table are as wide as its lines up to an annotation. */
  let rows: Row[] = [];
  for (const [i, manifest] of index.manifests.entries()) {
    if (i > 0) rows.push(["", ""]);
    rows.push(...manifestRows(name, manifest));
    const annotations = Object.entries(manifest.annotations ?? {});
    if (manifest.platform === undefined || annotations.length === 0) continue;
    lines.push(
      ...table([...rows, ["  Annotations:", ""]]),
      ...table(
        annotations.sort().map(([key, value]) =>
          [`    ${key}:`, value] as const
        ),
      ),
    );
    rows = [];
  }
  return [...lines, ...table(rows)].join("\n");
}

function manifestRows(
  name: string,
  { digest, mediaType, platform, urls = [] }: Descriptor,
): Row[] {
  const { "os.version": version, "os.features": features = [] } = platform ??
    {};
  const rows: Row[] = [
    ["  Name:", `${name.split("@")[0]}@${digest}`],
    ["  MediaType:", mediaType],
  ];
  if (platform === undefined) return rows;
  rows.push(["  Platform:", formatPlatform(platform)]);
  if (version) rows.push(["  OSVersion:", version]);
  if (features.length > 0) rows.push(["  OSFeatures:", features.join(", ")]);
  if (urls.length > 0) rows.push(["  URLs:", urls.join(", ")]);
  return rows;
}

/** Anybody may have pushed what a registry has: a terminal obeys nothing of it. */
function table(given: readonly Row[]): string[] {
  const rows = given.map((row) => row.map(printable) as unknown as Row);
  const width = 1 + Math.max(0, ...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => first.padEnd(width) + second);
}
