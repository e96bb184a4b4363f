/** Reads a `.dockerbuild` file, digests checked. */
import { tarEntries } from "../context/image_listing.ts";
import { assertEquals } from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";

/** A record in a bundle, and what lies beside it. */
export interface BundledRecord {
  // deno-lint-ignore no-explicit-any -- compared as a whole
  readonly record: any;
  /** Types, digests, sizes and annotations of the layers; the trace is apart. */
  readonly layers: readonly unknown[];
  /** Attributes of each span of the trace, by the span's name. */
  readonly spans: readonly unknown[];
}

const TRACE = "application/vnd.buildkit.otlp.json.v0";

/** Reads a bundle of builds, and checks that it is a layout. */
export async function readBundle(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ readonly builds: BundledRecord[]; readonly entries: string[] }> {
  const tar = await new Response(
    new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).bytes();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const entries: string[] = [];
  for (const { path, fields, content } of tarEntries(tar)) {
    files.set(path, content);
    if (path.startsWith("blobs/sha256/") && !path.endsWith("/")) {
      assertEquals(await sha256(content), path.slice("blobs/sha256/".length));
    } else entries.push(`${path} ${fields.split(" ").slice(0, 2).join(" ")}`);
  }
  // deno-lint-ignore no-explicit-any -- a layout is read as it comes
  const json = (path: string): any =>
    JSON.parse(new TextDecoder().decode(files.get(path)));
  const blob = ({ digest, size }: { digest: string; size: number }) => {
    const path = `blobs/${digest.replace(":", "/")}`;
    assertEquals(files.get(path)?.length, size, digest);
    return path;
  };
  assertEquals(json("oci-layout"), { imageLayoutVersion: "1.0.0" });
  const { schemaVersion, mediaType, manifests } = json("index.json");
  assertEquals([schemaVersion, mediaType, manifests.length], [
    2,
    "application/vnd.oci.image.index.v1+json",
    1,
  ]);
  const top = json(blob(manifests[0]));
  const found = top.manifests === undefined
    ? [top]
    // deno-lint-ignore no-explicit-any -- as above
    : top.manifests.map((one: any) => {
      const manifest = json(blob(one));
      const { Ref } = json(blob(manifest.config));
      assertEquals(one.annotations, { "vnd.buildkit.history.reference": Ref });
      return manifest;
    });
  // deno-lint-ignore no-explicit-any -- as above
  const builds = found.map(({ config, layers, ...rest }: any) => {
    assertEquals(rest, {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
    });
    assertEquals(
      config.mediaType,
      "application/vnd.buildkit.historyrecord.v0",
    );
    const record = json(blob(config));
    const spans: unknown[] = [];
    for (const layer of layers) {
      const path = blob(layer);
      if (layer.mediaType !== TRACE) continue;
      assertEquals(record.trace.digest, layer.digest);
      assertEquals(record.trace.size, layer.size);
      const text = new TextDecoder().decode(files.get(path));
      for (const span of text.split(/(?<=^\})\n/m)) {
        if (span.trim() === "") continue;
        const { Name, Attributes } = JSON.parse(span);
        spans.push([Name, Attributes]);
      }
    }
    // It is written anew by each client.
    delete record.trace;
    return {
      record,
      // deno-lint-ignore no-explicit-any -- as above
      layers: layers.filter((one: any) => one.mediaType !== TRACE),
      spans,
    };
  });
  return { builds, entries };
}
