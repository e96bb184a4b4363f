import type { LayoutStores } from "../layout/layout_stores.ts";
import type { BuildRequest } from "./request.ts";

/**
 * The content stores of a build, still empty; undefined for one that has none,
 * as most builds.
 */
export async function buildStores(
  { cacheImports, cacheExports }: Pick<
    BuildRequest,
    "cacheImports" | "cacheExports"
  >,
): Promise<LayoutStores | undefined> {
  const caches = [...cacheImports, ...cacheExports];
  if (!caches.some(({ type }) => type === "local")) return undefined;
  const { LayoutStores } = await import("../layout/layout_stores.ts");
  return new LayoutStores();
}
