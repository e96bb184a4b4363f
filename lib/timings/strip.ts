import type { BuildTimings } from "./timings.ts";

/** A piece of the build's time: with one step, or with several short ones, or with none. */
export interface Segment {
  /** The step, by its place in the list; undefined for several or none. */
  readonly step: number | undefined;
  /** Whether the time passed with no step that the build waited for. */
  readonly isWait: boolean;
  /** How long it is, in milliseconds. */
  readonly ms: number;
}

/** The least share of the build's time that is a piece of its own. */
const WORTH = 0.02;

/**
 * The critical path as pieces, one after the other, which together are the time
 * until its last step ended: where the build's time went. Neighbours that are
 * short are one piece.
 */
export function segmentsOf(
  { criticalPath, durationMs }: Pick<
    BuildTimings,
    "criticalPath" | "durationMs"
  >,
): Segment[] {
  const segments: Segment[] = [];
  const add = (segment: Segment) => {
    if (segment.ms <= 0) return;
    const isWorth = segment.ms >= WORTH * durationMs;
    const last = segments.at(-1);
    if (isWorth) segments.push(segment);
    else if (last !== undefined && last.step === undefined && !last.isWait) {
      segments[segments.length - 1] = { ...last, ms: last.ms + segment.ms };
    } else segments.push({ step: undefined, isWait: false, ms: segment.ms });
  };
  for (const { step, ownMs, waitMs } of criticalPath) {
    add({ step: undefined, isWait: true, ms: waitMs });
    add({ step, isWait: false, ms: ownMs });
  }
  return segments;
}
