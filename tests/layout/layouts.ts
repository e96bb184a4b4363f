import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { sha256 } from "../support/digest.ts";

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text);

/** The digest of a content. */
export async function digestOf(content: string | Uint8Array): Promise<string> {
  return `sha256:${await sha256(content)}`;
}

/** Writes a content as an engine does, and gives its digest. */
export async function store(
  layout: LayoutFolder,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const expected = { digest: await digestOf(bytes), size: bytes.length };
  const writer = layout.begin(expected);
  if (writer === undefined) return expected.digest;
  await using held = writer;
  await held.write(bytes);
  return await held.commit(expected);
}

/** Reads a content whole; undefined if it is not there. */
export async function load(
  layout: LayoutFolder,
  digest: string,
): Promise<string | undefined> {
  using reader = layout.open(digest);
  if (reader === undefined) return undefined;
  const buffer = new Uint8Array(reader.size);
  const count = await reader.read(buffer, 0);
  return new TextDecoder().decode(buffer.subarray(0, count));
}

/** Opens a folder for the length of a function. */
export async function withLayout<T>(
  path: string,
  use: "read" | "write",
  run: (layout: LayoutFolder) => Promise<T>,
): Promise<T> {
  await using layout = await LayoutFolder.open(path, use);
  return await run(layout);
}

/** An entry for `index.json`, of a content that needs no other. */
export async function entryOf(content: string): Promise<{
  mediaType: string;
  digest: string;
  size: number;
}> {
  return {
    mediaType: "application/octet-stream",
    digest: await digestOf(content),
    size: bytesOf(content).length,
  };
}
