/** Round times for an axis from 0: at most so many, each 1, 2 or 5 times a power of ten. */
export function ticksOf(durationMs: number, most: number): number[] {
  if (!(durationMs > 0)) return [0];
  let step = 10 ** Math.floor(Math.log10(durationMs / most));
  for (const factor of [2, 2.5, 2]) {
    if (durationMs / step <= most) break;
    step *= factor;
  }
  const ticks: number[] = [];
  for (let at = 0; at * step <= durationMs; at++) {
    // Three times 0.1 is a little more than 0.3.
    ticks.push(Number((at * step).toPrecision(3)));
  }
  return ticks;
}

/** A round time in words. */
export function tickOf(ms: number): string {
  return ms === 0 ? "0" : ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}
