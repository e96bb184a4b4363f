import type { Engine } from "../engine/engine.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import { imageRemove } from "../engine/image_remove.ts";
import { EngineError } from "../errors.ts";

/** What became of the names of an image. */
export interface UntaggedNames {
  /** The names that were removed from the image. */
  readonly removed: readonly string[];
  /**
   * The names that the image keeps, because that was asked for or because
   * removing them failed.
   */
  readonly kept: readonly string[];
  /** The names that belong to another image by now, and were not touched. */
  readonly moved: readonly string[];
}

/**
 * Removes the names of an image. A name that another build has given to another
 * image meanwhile is not touched.
 *
 * It does not throw: a name that can't be removed, because a running container
 * needs it or because the engine can't be reached, is reported as kept.
 */
export async function untagImage(
  engine: Engine,
  imageId: string,
  names: readonly string[],
): Promise<UntaggedNames> {
  const [removed, kept, moved]: [string[], string[], string[]] = [[], [], []];
  // Asks the engine for the id, because it depends on the image store whether
  // it is that of the config or of the manifest.
  const own = await idOf(engine, imageId) ?? imageId;
  for (const name of names) {
    try {
      const id = await idOf(engine, name);
      if (id !== undefined && plainId(id) !== plainId(own)) moved.push(name);
      else {
        await imageRemove(engine, name, { noprune: true });
        removed.push(name);
      }
    } catch (error) {
      // A name that does not exist any more is not reported. Another name is
      // reported as kept, without the reason: it has to be removed by hand
      // either way.
      const isGone = error instanceof EngineError && error.status === 404;
      if (!isGone) kept.push(name);
    }
  }
  return { removed, kept, moved };
}

async function idOf(engine: Engine, name: string): Promise<string | undefined> {
  try {
    return (await imageInspect(engine, name)).Id;
  } catch {
    return undefined; // without an id, the name is removed without a comparison
  }
}

/** The id without `sha256:`, which podman's ids do not have. */
function plainId(id: string): string {
  return id.replace(/^sha256:/, "");
}
