import type { Engine } from "./engine.ts";

/**
 * `POST /build/cancel`: stops the build that was started with this `buildid`.
 * An unknown id is no error.
 */
export async function buildCancel(
  engine: Engine,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  const response = await engine.request({
    method: "POST",
    path: "/build/cancel",
    query: { id },
    signal,
  });
  await response.body?.cancel();
}
