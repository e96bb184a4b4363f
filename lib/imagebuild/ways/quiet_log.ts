import type { SolveStatus } from "../../progress/solve_status.ts";
import { statusSize } from "../fact.ts";
import type { BuildRecord } from "../record.ts";

/** How much is kept, in characters (about). */
const KEPT_SIZE = 16 * 1024 * 1024;

/**
 * Keeps the log of a build with `quiet`, which is told only if the build fails:
 * `POST /build` does the same in the engine. Of a very long log the oldest output
 * is dropped.
 */
export class QuietLog {
  readonly #record: BuildRecord;
  readonly #maxSize: number;
  readonly #kept: SolveStatus[] = [];
  #size = 0;
  /** Up to here the output was dropped. */
  #dropped = 0;

  /**
   * @param record Told of the log if the build fails.
   * @param maxSize How much is kept, in the units of {@linkcode statusSize}.
   */
  constructor(record: BuildRecord, maxSize: number = KEPT_SIZE) {
    this.#record = record;
    this.#maxSize = maxSize;
  }

  /** Keeps the next part of the log. */
  keep(status: SolveStatus): void {
    this.#record.caches?.read(status);
    this.#kept.push(status);
    this.#size += statusSize(status);
    while (this.#size > this.#maxSize && this.#dropped < this.#kept.length) {
      const full = this.#kept[this.#dropped]!;
      const bare = { ...full, statuses: [], logs: [] };
      this.#kept[this.#dropped++] = bare;
      this.#size -= statusSize(full) - statusSize(bare);
    }
  }

  /** Reports what was kept to the record. */
  release(): void {
    for (const status of this.#kept.splice(0)) {
      this.#record.tellStatus(status);
    }
  }
}
