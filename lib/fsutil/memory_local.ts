import { type ContextEntry, contextEntry } from "../context/entry.ts";
import { ContextFilter } from "../context/filter.ts";
import { foldersOf } from "../context/memory_files.ts";
import { comparePaths } from "../context/order.ts";
import type { Local, LocalRequest } from "./local.ts";

/**
 * A folder in memory, with a few texts.
 *
 * The time of each file is made from its content: an engine takes a file with
 * the same length and time as one that it has for the same file.
 */
export class MemoryLocal implements Local {
  readonly #entries: readonly ContextEntry[];
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  private constructor(
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
    entries: readonly ContextEntry[],
  ) {
    this.#files = files;
    this.#entries = entries;
  }

  /** @param files The contents by their paths, which are clean and relative. */
  static async of(
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  ): Promise<MemoryLocal> {
    const entries = new Map<string, ContextEntry>();
    for (const [path, bytes] of files) {
      for (const folder of foldersOf(path)) {
        entries.set(folder, entryOf(folder, "directory", 0, 0n));
      }
      const digest = await crypto.subtle.digest("SHA-256", bytes);
      const time = new DataView(digest).getBigUint64(0);
      entries.set(path, entryOf(path, "file", bytes.length, time));
    }
    const sorted = [...entries.values()].sort((a, b) =>
      comparePaths(a.path, b.path)
    );
    return new MemoryLocal(files, sorted);
  }

  *entries(
    { include, exclude, follow }: LocalRequest,
  ): Generator<ContextEntry | undefined, void, undefined> {
    const filter = new ContextFilter({
      include: [...include, ...follow.map((path) => path.replace(/^\/+/, ""))],
      exclude,
    });
    const states = new Map([["", filter.root]]);
    for (const entry of this.#entries) {
      const folder = entry.path.slice(0, entry.path.lastIndexOf("/") + 1);
      const above = states.get(folder);
      if (above === undefined) continue;
      const state = yield* filter.steps(entry.path, above);
      if (entry.type === "directory" && (state.keep || state.enter)) {
        states.set(`${entry.path}/`, state);
        yield entry;
      } else if (state.keep) yield entry;
    }
  }

  content(path: string): Uint8Array<ArrayBuffer> {
    return this.#files.get(path) ?? new Uint8Array(0);
  }
}

function entryOf(
  path: string,
  type: "file" | "directory",
  size: number,
  time: bigint,
): ContextEntry {
  return contextEntry({
    path,
    type,
    mode: type === "file" ? 0o644 : 0o755,
    size,
    // 40 bits of the digest as milliseconds (the last such time is in 2004),
    // and 20 other bits for the nanoseconds.
    mtimeMs: Number(time & 0xffffffffffn),
    stamp: Number(time >> 44n) % 1_000_000,
  });
}
