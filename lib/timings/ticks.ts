/** Up to here the lines of an axis are a power of ten apart, or 2 or 5 of it. */
const DECIMAL_MS = 10_000;
const MINUTE_MS = 60_000;
/** Beyond, what is round on a clock: from 15 s to a day. */
const CLOCK_MS = [
  ...[0.25, 0.5, 1, 2, 5, 10, 15, 30],
  ...[60, 2 * 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60],
].map((minutes) => minutes * MINUTE_MS);

/**
 * Round times for an axis from 0, at most so many: each 1, 2 or 5 times a power
 * of ten, or from 15 s on what is round in minutes or hours.
 */
export function ticksOf(durationMs: number, most: number): number[] {
  if (!(durationMs > 0)) return [0];
  const step = stepOf(durationMs / most);
  const ticks: number[] = [];
  for (let at = 0; at * step <= durationMs; at++) {
    // Three times 0.1 is a little more than 0.3.
    ticks.push(step < 1 ? Number((at * step).toPrecision(3)) : at * step);
  }
  return ticks;
}

/** The least round time of so many milliseconds or more. */
function stepOf(least: number): number {
  if (least > DECIMAL_MS) {
    let step = CLOCK_MS.find((ms) => ms >= least) ?? CLOCK_MS.at(-1)!;
    while (step < least) step *= 2;
    return step;
  }
  let step = 10 ** Math.floor(Math.log10(least));
  for (const factor of [2, 2.5, 2]) {
    if (least <= step) break;
    step *= factor;
  }
  return step;
}

/** A round time in words: in the largest unit that it is a whole number of. */
export function tickOf(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1000) return `${ms} ms`;
  if (ms % MINUTE_MS !== 0) return `${ms / 1000} s`;
  const minutes = ms / MINUTE_MS;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
