import type { LayoutStores } from "../layout/layout_stores.ts";
import type { NamedSource } from "./context/named_source.ts";
import type { BuildRequest } from "./request.ts";

/**
 * The content stores of a build, still empty; undefined for one that has none,
 * as most builds.
 *
 * @param signal Ends the waiting for folders that others have locked.
 */
export async function buildStores(
  { cacheImports, cacheExports, contexts, outputs }: Pick<
    BuildRequest,
    "cacheImports" | "cacheExports" | "contexts" | "outputs"
  >,
  signal: AbortSignal,
): Promise<LayoutStores | undefined> {
  const caches = [...cacheImports, ...cacheExports];
  const isLayout = ({ kind }: NamedSource) => kind === "layout";
  if (
    !caches.some(({ type }) => type === "local") &&
    ![...contexts.values()].some(isLayout) &&
    !outputs.some(({ layout }) => layout !== undefined)
  ) return undefined;
  const { LayoutStores } = await import("../layout/layout_stores.ts");
  return new LayoutStores({ signal });
}
