// @ts-types="../../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { DockerfileMount } from "../calls/answers.ts";
import type { TargetMounts } from "../target_mounts.ts";

/**
 * What the steps of all nodes mount together, known when each node has asked its
 * frontend. No node begins with a step before, and what is wrong with the secrets
 * is told once.
 */
export class SharedMounts {
  readonly #checked = Promise.withResolvers<void>();
  readonly #told: (TargetMounts | undefined)[] = [];
  readonly #count: number;

  /** @param count How many nodes there are. */
  constructor(count: number) {
    this.#count = count;
    this.#checked.promise.catch(() => {}); // told to those that wait
  }

  /**
   * Waits for what the other nodes mount.
   *
   * @param mounts What one node mounts; undefined where its frontend can't tell.
   * @param check Holds the secrets against what all nodes mount together; called
   * for the last of them, if all can tell.
   * @throws What `check` throws, for every node.
   */
  async join(
    mounts: TargetMounts | undefined,
    check: (all: TargetMounts) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#told.push(mounts);
    if (this.#told.length === this.#count) this.#end(check);
    await abortable(this.#checked.promise, signal);
  }

  #end(check: (all: TargetMounts) => void): void {
    const known = this.#told.filter((mounts) => mounts !== undefined);
    try {
      if (known.length === this.#count) {
        check({
          secret: together(known.map(({ secret }) => secret)),
          ssh: together(known.map(({ ssh }) => ssh)),
        });
      }
      this.#checked.resolve();
    } catch (error) {
      this.#checked.reject(error);
    }
  }
}

/** Of several steps that mount the same, the first. */
function together(
  all: readonly ReadonlyMap<string, DockerfileMount>[],
): ReadonlyMap<string, DockerfileMount> {
  return new Map(all.toReversed().flatMap((mounts) => [...mounts]));
}
