// A context by name that is an image in a folder in OCI layout. The engine reads
// it over the session, from a content store.

import { advised } from "../../advice.ts";
import { LayoutError } from "../../layout/layout_error.ts";
import type { LayoutFolder } from "../../layout/layout_folder.ts";
import type { LayoutStores } from "../../layout/layout_stores.ts";
import { DEFAULT_TAG, taggedDigest } from "../../layout/tagged_digest.ts";
import type { NamedSource } from "./named_source.ts";

/**
 * Opens the folder, and finds the image in it.
 *
 * @param name The context's name, for errors.
 * @returns The context in the frontend's words.
 * @throws {LayoutError} If the folder can't be read, or does not have the image.
 */
export async function openLayout(
  name: string,
  source: NamedSource & { readonly kind: "layout" },
  stores: LayoutStores,
): Promise<string> {
  const { path, tag = DEFAULT_TAG } = source;
  // It is a name to BuildKit, which asks for the store with `oci:` before it.
  const id = crypto.randomUUID().replaceAll("-", "");
  try {
    const folder = await stores.open(`oci:${id}`, path, "read");
    return `oci-layout://${id}:${tag}@${await digestIn(folder, source)}`;
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    const { message } = error;
    throw advised(
      (message) => new LayoutError(path, message, { cause: error }),
      "build-with",
      message.includes(path)
        ? message
        : `OCI layout ${JSON.stringify(path)}: ${message}`,
      `contexts ${JSON.stringify(name)}`,
    );
  }
}

async function digestIn(
  folder: LayoutFolder,
  { tag, digest }: NamedSource & { readonly kind: "layout" },
): Promise<string> {
  if (digest === undefined && await folder.index() === undefined) {
    throw new LayoutError(folder.path, "it has no index.json, and is none");
  }
  const found = digest ??
    await taggedDigest(folder, tag ?? DEFAULT_TAG, { alone: true });
  if (folder.info(found) !== undefined) return found;
  throw new LayoutError(folder.path, `it has no blob ${found}`);
}
