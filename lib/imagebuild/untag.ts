import type { Engine } from "../engine/engine.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import { imageRemove } from "../engine/image_remove.ts";
import { EngineError } from "../errors.ts";

/** What became of the names of an image. */
export interface UntaggedNames {
  /** Taken from the image. */
  readonly removed: readonly string[];
  /** It keeps them: told so, or they could not be removed. */
  readonly kept: readonly string[];
  /** They name another image by now, and were left alone. */
  readonly moved: readonly string[];
}

/**
 * Takes its names from an image, where they still name it: another build may
 * have given one to another image meanwhile.
 *
 * Nothing is thrown: a name that a running container needs, or whose engine is
 * gone, is kept, and the caller tells of it.
 */
export async function untagImage(
  engine: Engine,
  imageId: string,
  names: readonly string[],
): Promise<UntaggedNames> {
  const [removed, kept, moved]: [string[], string[], string[]] = [[], [], []];
  // The engine's own word for it: stores differ in what an id is.
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
      // A name that is gone is nobody's. Why another stays is of no use to who
      // has to remove it by hand.
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
    return undefined; // it is removed by its name all the same
  }
}

/** Podman's ids have no `sha256:`. */
function plainId(id: string): string {
  return id.replace(/^sha256:/, "");
}
