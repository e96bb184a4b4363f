// Images that an engine has stored in a build that ended before it was searched
// for secrets.

import { imageInspect } from "../engine/image_inspect.ts";
import { imageRemove } from "../engine/image_remove.ts";
import { EngineError } from "../errors.ts";
import type { Build } from "./build_way.ts";

/**
 * Takes its names from the image of a build that is to be searched for secrets
 * and was stopped, or failed, before that: the engine may have stored it. A name
 * that belongs to another image is not touched, and a name that can't be removed
 * is told in a warning.
 *
 * It does not throw. Of a build by `POST /build` that was stopped, the last part
 * of the log is not read, and the engine may name the image later.
 */
export async function untagUnverified(
  { engine, request, record }: Pick<Build, "engine" | "request" | "record">,
): Promise<void> {
  if (engine === undefined) return;
  if (!request.makesImage || (request.verify?.keepTags ?? false)) return;
  const own = record.storedImages;
  if (own.size === 0) return;
  for (const name of request.tags) {
    try {
      const { Id: id } = await imageInspect(engine, name);
      if (own.has(id)) await imageRemove(engine, name, { noprune: true });
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) continue;
      record.warn(
        "image-unverified",
        `${name} may have been built, and could not be looked through for secrets: remove it, or build again`,
      );
    }
  }
}
