import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Bytes in use when all that nobody has any more is gone. */
export function memoryInUse(): number {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/**
 * Does the same again and again until a round leaves less than `most` bytes
 * more in memory than the one before. What is kept of each round grows with
 * every one; what is made once, such as compiled code, does not.
 *
 * @throws {Error} If none of seven rounds does.
 */
export async function untilFlat(
  most: number,
  round: () => Promise<void>,
): Promise<void> {
  const used: number[] = [];
  while (used.length < 7) {
    await round();
    used.push(memoryInUse());
    // The first is no measure: much is made with it.
    const [before, last] = used.slice(1).slice(-2);
    if (last !== undefined && last - before! < most) return;
  }
  throw new Error(`bytes in use after each round: ${used}`);
}
