import type { Engine } from "./engine.ts";

/** `POST /build/cancel`: stops the build that was posted with this `buildid`; unknown ids are no error. */
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
