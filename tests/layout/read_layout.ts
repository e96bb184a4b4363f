import { assert, assertEquals } from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";

/** A folder in OCI's image layout, read whole and without davit's own code. */
export interface ReadLayout {
  /** The names directly in the folder. */
  readonly names: readonly string[];
  /** `index.json`, as it is. */
  readonly index: string;
  /** Its entries. */
  readonly manifests: readonly LayoutEntry[];
  /** Every blob by its digest. */
  readonly blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** An entry of an index. */
export interface LayoutEntry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads a layout, and checks it: its version, that every blob has the digest
 * that it is named by, and that whatever is named is there and has its size.
 */
export async function readLayout(path: string): Promise<ReadLayout> {
  const names = (await Array.fromAsync(Deno.readDir(path)))
    .map(({ name }) => name).sort();
  assertEquals(
    JSON.parse(await Deno.readTextFile(`${path}/oci-layout`)),
    { imageLayoutVersion: "1.0.0" },
  );
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { name, isFile } of Deno.readDir(`${path}/blobs/sha256`)) {
    assert(isFile, name);
    const bytes = await Deno.readFile(`${path}/blobs/sha256/${name}`);
    assertEquals(await sha256(bytes), name);
    blobs.set(`sha256:${name}`, bytes);
  }
  const index = await Deno.readTextFile(`${path}/index.json`);
  const parsed = JSON.parse(index);
  assertEquals(parsed.schemaVersion, 2);
  const open: LayoutEntry[] = [...parsed.manifests];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const bytes = blobs.get(next.digest);
    assertEquals(bytes?.length, next.size, next.digest);
    if (!/(?:index|manifest|list)\.v[12]\+json$/.test(next.mediaType)) continue;
    const { manifests = [], layers = [], config = [] } = JSON.parse(
      new TextDecoder().decode(bytes),
    );
    open.push(...manifests, ...layers, ...[config].flat());
  }
  return { names, index, manifests: parsed.manifests, blobs };
}
