import type { PlainVertex } from "./plain_vertex.ts";

/** A step that has news is not kept back for longer. */
const MAX_HIDDEN_MS = 10_000;
/** A step keeps its turn for about so long, or the text would flicker between steps. */
const MIN_TURN_MS = 5_000;

/**
 * Which of the running steps that have news has its turn next: at once if
 * no step has it now, else the one that waited too long, or the busiest one
 * when the present one has had its fair share.
 *
 * @returns Nothing if the present one goes on.
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
  const share = all === 0 ? 1 : own / all;
  const turn = MIN_TURN_MS / Math.max(1e-9, 1 - share);
  return turn < now - current.since ? busiest : undefined;
}
