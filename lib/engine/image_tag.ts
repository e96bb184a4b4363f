import type { Engine } from "./engine.ts";
import { imagePath } from "./image_name.ts";

/** `POST /images/{name}/tag`: gives an image a further name. */
export async function imageTag(
  engine: Engine,
  name: string,
  repo: string,
  tag: string,
  signal?: AbortSignal,
): Promise<void> {
  const response = await engine.request({
    method: "POST",
    path: `/images/${imagePath(name)}/tag`,
    query: { repo, tag },
    signal,
  });
  await response.body?.cancel();
}
