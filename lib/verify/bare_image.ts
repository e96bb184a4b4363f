import type { Engine } from "../engine/engine.ts";
import { imageHistory } from "../engine/image_history.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import type { Documents } from "./archive.ts";
import type { ImageLayout } from "./image_layout.ts";

const CONFIG = "config.json";

/** The layout of a {@linkcode bareImage}. */
export const BARE_LAYOUT: ImageLayout = {
  isImage: true,
  layers: new Map(),
  parts: new Map([[CONFIG, "config"]]),
  legacy: new Set(),
};

/**
 * The documents of an image without layers, which engines with graph drivers
 * can't save ("empty export - not implemented"): its configuration and history
 * as the engine reports them, in OCI's form.
 *
 * @returns Undefined if the image has layers, or does not exist.
 */
export async function bareImage(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<Documents | undefined> {
  let inspect;
  try {
    inspect = await imageInspect(engine, name, signal);
  } catch {
    return undefined; // the caller has an error that says more
  }
  const { Config, RootFS, ...rest } = inspect;
  if ((RootFS?.Layers ?? []).length > 0) return undefined;
  const history = await imageHistory(engine, name, signal);
  const config = {
    ...rest,
    config: Config,
    history: history.toReversed().map(({ CreatedBy, Comment }) => ({
      created_by: CreatedBy,
      comment: Comment,
    })),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  return { files: new Map([[CONFIG, bytes]]), links: new Map() };
}
