import type { PlainVertex } from "./plain_vertex.ts";

/**
 * The longest time for which the news of a step waits for its turn, in
 * milliseconds.
 */
const MAX_HIDDEN_MS = 10_000;
/**
 * The least time for which a step keeps its turn, in milliseconds: the output
 * would otherwise jump between steps.
 */
const MIN_TURN_MS = 5_000;

/**
 * Chooses which running step with news is printed next. If no step has the
 * turn, one is chosen at once; otherwise the turn passes to a step that has
 * waited too long, or to the busiest one when the current step has had its fair
 * share.
 *
 * @returns Undefined if the current step keeps its turn.
 */
export function nextVertex(
  open: readonly PlainVertex[],
  current: PlainVertex | undefined,
  now: number,
): PlainVertex | undefined {
  const speed = (vertex: PlainVertex) =>
    vertex.count / Math.max(1, now - vertex.since);
  const others = open.filter((vertex) => vertex !== current);
  const waiting = (vertex: PlainVertex) => now - vertex.since > MAX_HIDDEN_MS;
  const longest = others.find(waiting);
  const busiest = others.reduce<PlainVertex | undefined>(
    (best, vertex) =>
      best === undefined || speed(vertex) > speed(best) ? vertex : best,
    undefined,
  );
  if (current === undefined) return longest ?? busiest;
  if (longest !== undefined) return longest;
  if (busiest === undefined || current.count === 0) return undefined;
  const own = speed(current);
  const all = others.reduce((sum, vertex) => sum + speed(vertex), own);
  const turn = MIN_TURN_MS / Math.max(1e-9, 1 - own / all);
  return turn < now - current.since ? busiest : undefined;
}
