import type { BuildEvent } from "../../lib/progress/event.ts";
import { delay } from "../engines/process.ts";
import { waitAt } from "./pause.ts";

/** The moments of captured builds are long gone: the clock starts with theirs. */
export function clockOf(
  batches: readonly BuildEvent[][],
  times: number,
): () => number {
  const first = batches.flat().find((event) =>
    event.type === "vertex" && event.started !== undefined
  );
  const start = first?.type === "vertex" ? first.started! : 0;
  const own = performance.now();
  return () => start + (performance.now() - own) * times;
}

/**
 * A captured build, so many times faster than it was. Given the path of a
 * pause, it waits there when all its first stages run, and none has ended yet.
 */
export async function* replay(
  batches: readonly BuildEvent[][],
  now: () => number,
  times: number,
  pause?: string,
): AsyncGenerator<readonly BuildEvent[]> {
  const first = pause === undefined ? undefined : batches.find(endsStep);
  for (const batch of batches) {
    if (batch === first) await waitAt(pause!);
    const time = Math.max(
      ...batch.map((event) =>
        event.type === "vertex"
          ? event.completed ?? event.started ?? 0
          : event.type === "log" || event.type === "status"
          ? event.time
          : 0
      ),
    );
    const wait = (time - now()) / times;
    if (wait > 0) await delay(wait);
    yield batch;
  }
}

/** Whether a command of the Dockerfile ends here. */
function endsStep(batch: readonly BuildEvent[]): boolean {
  return batch.some((event) =>
    event.type === "vertex" && event.completed !== undefined &&
    event.name.includes("] RUN ")
  );
}
