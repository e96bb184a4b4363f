// The contexts of a build, as the caller gave them. What only those by name need
// is loaded with the first of them: most builds have none.

import type { LayoutStores } from "../../layout/layout_stores.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { BuildRequest } from "../request.ts";
import type { NamedContexts } from "./named_contexts.ts";
import type { NamedSource } from "./named_source.ts";
import {
  type BuildContext,
  giveBackSource,
  type Source,
  sourceOf,
} from "./source.ts";

/**
 * Sorts the main context and those by name. If one of them can't be used, the
 * streams of all are cancelled.
 *
 * @param options The options, which are not checked yet.
 * @throws {TypeError} If nothing can be built from a context.
 */
export async function sortContexts(
  context: BuildContext,
  options: ImageBuildOptions,
): Promise<[Source, ReadonlyMap<string, NamedSource>]> {
  const { contexts } = Object(options) as Partial<ImageBuildOptions>;
  if (contexts === undefined) return [sourceOf(context), new Map()];
  const { giveBackSources, namedSources } = await import("./named_source.ts");
  let source: Source | undefined;
  let fault: unknown;
  try {
    source = sourceOf(context);
  } catch (error) {
    fault = error;
  }
  try {
    const sources = namedSources(contexts);
    if (source !== undefined) return [source, sources];
    giveBackSources(sources.values(), fault);
  } catch (error) {
    fault ??= error;
  }
  if (source !== undefined) giveBackSource(source, fault);
  throw fault;
}

/**
 * Opens the contexts by name.
 *
 * @param stores Takes folders in OCI layout; undefined where there are none.
 * @throws As `openContexts()` does.
 */
export async function openNamed(
  { contexts }: Pick<BuildRequest, "contexts">,
  stores: LayoutStores | undefined,
): Promise<NamedContexts> {
  if (contexts.size === 0) {
    return {
      folders: new Map(),
      tars: new Map(),
      remotes: new Map(),
      files: new Map(),
    };
  }
  const { openContexts } = await import("./named_contexts.ts");
  return await openContexts(contexts, stores);
}
