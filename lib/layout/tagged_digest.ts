import { findTag, REF_NAME, tagsOf } from "./index_file.ts";
import { LayoutError } from "./layout_error.ts";
import type { LayoutFolder } from "./layout_folder.ts";

/** The tag of what has none given, as in buildx. */
export const DEFAULT_TAG = "latest";

/**
 * The digest of what has a tag in a layout.
 *
 * @param alone Whether a layout's only entry has every tag, if it has none of
 * its own.
 * @throws {LayoutError} If nothing has the tag.
 */
export async function taggedDigest(
  folder: LayoutFolder,
  tag: string,
  { alone = false }: { readonly alone?: boolean } = {},
): Promise<string> {
  const index = await folder.index() ?? { manifests: [] };
  const [first, ...others] = index.manifests;
  const isAlone = first !== undefined && others.length === 0 &&
    first.annotations?.[REF_NAME] === undefined;
  const found = findTag(index, tag) ?? (alone && isAlone ? first : undefined);
  if (found !== undefined) return found.digest;
  const tags = tagsOf(index);
  throw new LayoutError(
    folder.path,
    `its index.json has no tag ${JSON.stringify(tag)}${
      tags.length === 0
        ? ""
        : `, but ${tags.map((name) => JSON.stringify(name)).join(", ")}`
    }`,
  );
}
